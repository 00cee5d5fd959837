import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { KeyFiles } from '#main/keys/key-files.ts'
import type { ClusterSpec, Worker } from '#shared/contract/clusters.ts'
import { startControlPlane, type ControlPlane, type ThreadEntries } from './control-plane.ts'
import { createHostEngine, type HostEngine } from './engine.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { createClusterImages, type ClusterImages } from './images.ts'
import { startHostNetwork, type HostNetwork } from './host-network.ts'
import type { Usage } from './metrics/usage.ts'
import { createTunnels, type Tunnels } from './network/tunnel.ts'
import { readKubeletConfiguration } from './workers/configuration/read.ts'
import { imageId, saveImage } from './workers/docker/build-image.ts'
import { hostCredentials } from './workers/docker/host-credentials.ts'
import { createSimulatedFleet, type SimulatedFleet } from './simulated-fleet.ts'
import { createSimulatedConnector } from './workers/simulated/node-api.ts'
import type { Work } from './workers/steps/run-steps.ts'

export { alternativesTo, listenOnLoopback, type LoopbackListener, type PortRefused } from './network/loopback-port.ts'
export { holderOf } from './network/port-holder.ts'
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

  /** Stops in order: workers (`keep` leaves them running), then controllers, API server, store. */
  stop(options: { workers: 'stop' | 'keep' | 'remove' }): Promise<void>
}

export interface OpenClusterOptions {
  /** The cluster's folder; missing contents are created. */
  dir: string
  spec: ClusterSpec
  /** Names of the workers that the cluster must have. */
  workers: string[]
  work: Work
  engine: HostEngine
  /** The agent's bundle. */
  agentBundle: string
  threads: ThreadEntries
  /** How the cluster's keys are stored; as files of mode 0600 when unset. */
  keys?: KeyFiles
  /** Further metrics of the process, as Prometheus text. */
  metrics?: readonly { text(): string }[]
  clock: Clock
  log: Log
}

/**
 * Starts the control plane, then the workers. `kubelet.yaml` in the cluster's folder configures the workers' kubelets.
 * @throws Error for the user, after undoing what was created
 */
export async function openCluster(options: OpenClusterOptions): Promise<RunningCluster> {
  const { spec, work, engine, clock } = options
  const log = options.log.child({ cluster: spec.name })
  const kubelet = await readKubeletConfiguration(join(options.dir, 'kubelet.yaml'))
  const simulated = spec.simulated ? createSimulatedConnector() : undefined
  const plane = await asStep(work, clock, 'control-plane', 'Start the control plane', () =>
    startControlPlane({
      name: spec.name,
      dir: options.dir,
      threads: options.threads,
      ...(options.keys ? { keys: options.keys } : {}),
      ...(options.metrics ? { metrics: options.metrics } : {}),
      clock,
      log,
      connector: (pki, apiServerPort) => ({
        ...createTunnels({
          tls: { ca: pki.tunnel.ca, ...pki.tunnel.host },
          apiServerPort: () => apiServerPort,
          registryPort: () => spec.registryPort,
          fetchImage: (reference) => hostImage(engine, reference),
          imageId: async (reference) => imageId(await engine.connect(), reference),
          credentials: hostCredentials,
          clock,
          log,
        }),
        ...simulated,
      }),
    }),
  )
  const tunnels = plane.connector
  const fleet = simulated
    ? attached(createSimulatedFleet({ plane, spec, clock, log }), simulated)
    : createFleet({
        name: spec.name,
        spec: {
          ...(spec.cpus ? { cpus: spec.cpus } : {}),
          ...(spec.memoryBytes ? { memoryBytes: spec.memoryBytes } : {}),
          ...(spec.registryMirror ? { registryMirror: spec.registryMirror } : {}),
        },
        registryPort: spec.registryPort,
        kubelet,
        provider: engine.providerFor(spec.name),
        plane,
        tunnels,
        agentBundle: options.agentBundle,
        clock,
        log,
      })
  const stopUsage = plane.usage.collect(fleet.stats, plane.informers)
  const hostNetwork = await startHostNetwork({
    plane,
    dir: options.dir,
    simulated: spec.simulated === true,
    registryPort: spec.registryPort,
    clock,
    log,
  }).catch(async (error: unknown) => {
    await stopUsage()
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
    async hostImage(reference) {
      const id = await imageId(await engine.connect(), reference)
      return id === undefined ? undefined : { id, open: () => hostImage(engine, reference) }
    },
  })
  const cluster = facade({ name: spec.name, plane, fleet, tunnels, images, stopUsage, hostNetwork })
  try {
    await fleet.bringUp(options.workers, work)
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

/** From now on the API server's requests to the fleet's nodes are answered by it. */
function attached(fleet: SimulatedFleet, connector: ReturnType<typeof createSimulatedConnector>): SimulatedFleet {
  connector.attach(fleet.api)
  return fleet
}

interface Parts {
  name: string
  plane: ControlPlane
  fleet: Fleet
  tunnels: Tunnels
  images: ClusterImages
  /** Ends the collection of usage. */
  stopUsage: Stop
  hostNetwork: HostNetwork
}

function facade({ name, plane, fleet, tunnels, images, stopUsage, hostNetwork }: Parts): RunningCluster {
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
    workers: () => fleet.workers(),
    onWorkersChanged: (listener) => fleet.onChange(listener),
    addWorkers: (names, work) => fleet.bringUp(names, work),
    removeWorker: (worker, work) => fleet.remove(worker, work),
    stopWorker: (worker) => fleet.stopWorker(worker),
    startWorker: (worker) => fleet.startWorker(worker),
    pauseWorker: (worker) => fleet.pauseWorker(worker),
    unpauseWorker: (worker) => fleet.unpauseWorker(worker),
    killWorker: (worker) => fleet.killWorker(worker),
    async stop({ workers }) {
      await hostNetwork.stop()
      await stopUsage()
      await fleet.stop(workers)
      await tunnels.stop()
      await plane.stop()
    },
  }
}

async function hostImage(engine: HostEngine, reference: string): Promise<Readable | undefined> {
  return (await saveImage(await engine.connect(), reference)) as Readable | undefined
}

/** Runs `task` as a separate step. */
async function asStep<T>(work: Work, clock: Clock, id: string, title: string, task: () => Promise<T>): Promise<T> {
  const started = clock.now()
  work.progress({ id, title, state: 'running' })
  try {
    const result = await task()
    work.progress({ id, title, state: 'done', ms: clock.now() - started })
    return result
  } catch (error) {
    work.progress({ id, title, state: 'failed', ms: clock.now() - started, message: messageOf(error) })
    throw error
  }
}
