import type { Readable } from 'node:stream'
import type { Stop } from '#shared/base/disposable.ts'
import type { Worker, WorkerLimits } from '#shared/contract/clusters.ts'
import { summarizePod } from '#shared/kube/pod.ts'
import type { RegistryMirrors } from '#shared/kube/registry-mirrors.ts'
import { pods } from '#shared/kube/resources.ts'
import type { ControlPlane } from './control-plane.ts'
import { createHostEngine, type HostEngine } from './engine.ts'
import type { Fleet } from './fleet.ts'
import { createHostImages } from './host-images.ts'
import { createClusterImages, type ClusterImages } from './images.ts'
import { startHostNetwork, type HostNetwork } from './host-network.ts'
import type { Usage } from './metrics/usage.ts'
import type { Tunnels } from './network/tunnel.ts'
import { startPlaneAndFleet, type OpenClusterOptions } from './plane-and-fleet.ts'
import { startRebuilds, type Rebuilds } from './rebuilds/index.ts'
import { findImage, saveImage } from './workers/docker/build-image.ts'
import { finishSwap } from './snapshot/swap.ts'
import { clusterVolume } from './snapshots.ts'
import type { Contents } from './store/store.ts'
import { createTakeovers, type Takeovers } from './takeovers/index.ts'
import type { DiskUse } from './workers/provider.ts'
import type { Work } from './workers/steps/run-steps.ts'

export { alternativesTo, listenOnLoopback, type LoopbackListener, type PortRefused } from './network/loopback-port.ts'
export { holderOf } from './network/port-holder.ts'
export { createSnapshots, type Snapshots, type VerifiedSnapshot } from './snapshots.ts'
/** Bytes on disk of a cluster's workers and of its volume. */
export type WorkerDisk = (cluster: string) => Promise<DiskUse>
export { certificatesOf, discardCertificates } from './certificates.ts'
export { keyFiles, type KeyFiles } from '#main/keys/key-files.ts'
export { BrokenArchive, readHead, type SnapshotHead } from './snapshot/archive.ts'
export { createHostEngine, type ClusterImages, type HostEngine, type Work }

/** A running control plane with its workers. */
export interface RunningCluster {
  readonly name: string
  /** `https://127.0.0.1:<port>` */
  readonly server: string
  /** The administrator's credentials, PEM; never leave the main process. */
  readonly admin: { ca: string; cert: string; key: string }
  /** The administrator's kubeconfig, as text. */
  kubeconfig(): string

  /** Address of the Ingress controller: `http://localhost:<port>`; undefined with simulated workers. */
  readonly ingress?: string | undefined

  /** An hour of the usage of its nodes and pods. */
  readonly usage: Pick<Usage, 'history' | 'podsMatching'>

  /** The versions of its objects. */
  readonly chronicle: ControlPlane['chronicle']

  /** What the scheduler's filters say of a pod on each worker, as if it came anew. @param key `namespace/name` */
  judge: ControlPlane['judge']

  /** Images of its workers; simulated ones have none. */
  readonly images: ClusterImages

  /** Pods that run older images than this machine's engine has; undefined with simulated workers. */
  readonly rebuilds?: Rebuilds | undefined

  /** Traffic of Services, taken to ports of this machine; undefined with simulated workers. */
  readonly takeovers?: Takeovers | undefined

  workers(): Worker[]
  onWorkersChanged(listener: () => void): Stop
  /** Creates workers and waits until they are Ready; removes them on failure or abort. @throws Error for the user */
  addWorkers(names: string[], work: Work): Promise<void>
  removeWorker(name: string, work: Work): Promise<void>
  stopWorker(name: string): Promise<void>
  startWorker(name: string): Promise<void>
  pauseWorker(name: string): Promise<void>
  unpauseWorker(name: string): Promise<void>
  killWorker(name: string): Promise<void>
  /** Changes the limits of a worker while it runs; its node's capacity follows. @throws Error for the user */
  limitWorker(name: string, limits: WorkerLimits): Promise<void>

  /** Has its workers ask these mirrors of registries from their next pull on. @throws Error for the user */
  useMirrors(mirrors: RegistryMirrors): Promise<void>

  /** All its objects at one revision, Secrets in the clear. */
  objects(): Contents
  /** Pods that crash now, as `namespace/name`. */
  crashingPods(): string[]
  /** The last lines that a worker's agent has written. */
  workerOutput(name: string, lines: number): Promise<string>
  /** Certificates that its workers have, PEM by name. */
  workerCertificates(): ReadonlyMap<string, string>
  /** All its objects at one revision, while no process of any worker runs until `copy` has ended. */
  frozen<T>(copy: (objects: Contents) => Promise<T>): Promise<T>

  /** Stops in order: workers (`keep` leaves them running), then controllers, API server, store. */
  stop(options: { workers: 'stop' | 'keep' | 'remove' }): Promise<void>
}

/**
 * Starts the control plane and the workers side by side. `kubelet.yaml` in the cluster's folder configures the workers' kubelets.
 * @throws Error for the user, after undoing what was created
 */
export async function openCluster(options: OpenClusterOptions): Promise<RunningCluster> {
  const { spec, engine, clock } = options
  const log = options.log.child({ cluster: spec.name })
  const hostImages = createHostImages({
    find: async (reference) => findImage(await engine.connect(), reference),
    save: async (reference) => (await saveImage(await engine.connect(), reference)) as Readable | undefined,
    log,
  })
  await finishSwap(options.dir, () => clusterVolume(engine, options))
  const { plane, tunnels, fleet, raised } = await startPlaneAndFleet({ ...options, hostImages, log })
  const stopUsage = plane.usage.collect(fleet.stats, plane.informers)
  const hostNetwork = await startHostNetwork({
    plane,
    dir: options.dir,
    simulated: spec.simulated === true,
    registryPort: spec.registryPort,
    clock,
    log,
  }).catch(async (error: unknown) => {
    await raised.catch(() => undefined)
    await stopUsage()
    await fleet.stop('keep')
    await tunnels.stop()
    await plane.stop()
    throw error
  })
  const images = createClusterImages({
    workers: () =>
      spec.simulated
        ? []
        : fleet.workers().flatMap(({ name, state }) => (state === 'running' && tunnels.isUp(name) ? [name] : [])),
    nodes: tunnels,
    hostImage: hostImages.find,
  })
  const rebuilds = spec.simulated
    ? undefined
    : startRebuilds({
        client: plane.client,
        informers: plane.informers,
        imageOf: (name) => engine.image(name),
        onImagesChange: (listener) => engine.onImagesChange(listener),
        load: (name) => images.loadFromEngine(name),
        clock,
        log,
      })
  const takeovers = spec.simulated
    ? undefined
    : createTakeovers({
        client: plane.client,
        informers: plane.informers,
        standInImage: () => engine.ensureStandInImage(),
        clock,
      })
  const cluster = facade({
    name: spec.name,
    plane,
    fleet,
    tunnels,
    images,
    rebuilds,
    takeovers,
    stopUsage,
    hostNetwork,
  })
  try {
    await raised
    return cluster
  } catch (error) {
    await cluster
      .stop({ workers: 'keep' })
      .catch((failure: unknown) => log.warn('not stopped cleanly', { error: String(failure) }))
    throw error
  }
}

/**
 * Removes the workers, volumes and network of a cluster whose control plane is not running.
 * @throws Error for the user when it has Docker workers and the engine cannot be reached
 */
export async function removeLeftovers({
  name,
  hasMachines,
  engine,
}: {
  name: string
  /** False for a cluster with simulated workers or none: without an engine, nothing is left over. */
  hasMachines: boolean
  engine: HostEngine
}): Promise<void> {
  if (!hasMachines && (await engine.state()).state !== 'ready') return
  const provider = engine.providerFor(name)
  const workers = await provider.list()
  await Promise.all(workers.map((worker) => provider.remove(worker.name)))
  await provider.removeNetwork()
  await provider.removeVolume()
}

interface Parts {
  name: string
  plane: ControlPlane
  fleet: Fleet
  tunnels: Tunnels
  images: ClusterImages
  rebuilds: Rebuilds | undefined
  takeovers: Takeovers | undefined
  /** Ends the collection of usage. */
  stopUsage: Stop
  hostNetwork: HostNetwork
}

function facade({
  name,
  plane,
  fleet,
  tunnels,
  images,
  rebuilds,
  takeovers,
  stopUsage,
  hostNetwork,
}: Parts): RunningCluster {
  const podInformer = plane.informers.share(pods)
  return {
    name,
    server: plane.server,
    admin: { ca: plane.pki.ca, ...plane.pki.admin },
    kubeconfig: () => plane.kubeconfig(),
    usage: plane.usage,
    chronicle: plane.chronicle,
    judge: plane.judge,
    ingress: hostNetwork.ingress,
    images,
    rebuilds,
    takeovers,
    workers: () => fleet.workers(),
    onWorkersChanged: (listener) => fleet.onChange(listener),
    addWorkers: (names, work) => fleet.bringUp(names, work),
    removeWorker: (worker, work) => fleet.remove(worker, work),
    stopWorker: (worker) => fleet.stopWorker(worker),
    startWorker: (worker) => fleet.startWorker(worker),
    pauseWorker: (worker) => fleet.pauseWorker(worker),
    unpauseWorker: (worker) => fleet.unpauseWorker(worker),
    killWorker: (worker) => fleet.killWorker(worker),
    useMirrors: (mirrors) => fleet.useMirrors(mirrors),
    limitWorker: (worker, limits) => fleet.limit(worker, limits),
    objects: () => plane.objects(),
    crashingPods: () =>
      podInformer
        .list()
        .filter((pod) => summarizePod(pod).status.endsWith('CrashLoopBackOff'))
        .map(({ metadata: { namespace, name: pod } }) => `${namespace}/${pod}`),
    workerOutput: (worker, lines) => fleet.output(worker, lines),
    workerCertificates: () => fleet.certificates(),
    frozen: (copy) => fleet.frozen(() => copy(plane.objects())),
    async stop({ workers }) {
      await rebuilds?.stop()
      await hostNetwork.stop()
      await stopUsage()
      await fleet.stop(workers)
      await tunnels.stop()
      await plane.stop()
    },
  }
}
