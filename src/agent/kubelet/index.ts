import { join } from 'node:path'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { sleep } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { KubeletSettings } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isMirrorPod, isPodTerminal } from '#shared/kube/pod.ts'
import { nodes } from '#shared/kube/resources.ts'
import type { Faults } from '../faults.ts'
import type { PodNetwork } from '../network/pod-network.ts'
import { createClusterVolumes } from './cluster-volumes.ts'
import { createCsiDrivers } from './csi/drivers.ts'
import { watchPlugins } from './csi/plugin-watcher.ts'
import { createCsiVolumes } from './csi/volumes.ts'
import type { Checkpoint } from './dra/checkpoint.ts'
import { createPodClaims } from './dra/claims.ts'
import { createDraDrivers } from './dra/drivers.ts'
import { createFlows } from './flow.ts'
import { createObjectWatches } from './object-watches.ts'
import { followLimits } from './node-limits.ts'
import { createNodePages } from './node-pages.ts'
import { createNodePressure } from './node-pressure.ts'
import { startNode, type NodeOptions } from './node.ts'
import { refusalOf, resizeRefusalOf, type Refusal } from './pod/admission.ts'
import { PodWorker } from './pod/pod-worker.ts'
import { isCriticalPod, isStaticPod } from './pod/critical.ts'
import { preempted, victimsFor } from './pod/critical-preemption.ts'
import type { PodContext } from './pod/scope.ts'
import { createWarmSandboxes, type WarmSandboxes } from './pod/warm-sandboxes.ts'
import { createStaticPods } from './static-pods/index.ts'
import { createCallers } from './node-port/callers.ts'
import { startNodePort, type NodePort, type NodePortOptions } from './node-port/server.ts'
import { createStarts } from './starts.ts'
import { createNodeShutdown } from './shutdown.ts'
import { createKubeletServer, type KubeletServerOptions } from './server.ts'
import { createCgroups } from './stats/cgroup.ts'
import { createDiskUsage } from './stats/disk-usage.ts'
import { createKubeletMetrics } from './stats/kubelet-metrics.ts'
import { createSnapshots } from './stats/snapshot.ts'
import { createStorageReader } from './stats/storage.ts'
import { enforceStorageLimits } from './storage-limits.ts'
import { podsWithVolumes } from './volumes.ts'

export interface Kubelet {
  /** Registers the node and takes over its pods; running containers continue. */
  start(): Promise<void>
  /** Serves one request from the host. */
  serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void
  /** Stops the kubelet; pods keep running. */
  stop(): Promise<void>
}

export function createKubelet(
  options: Omit<PodContext, 'starts'> & {
    version: string
    nodes: Informer<Node>
    /** Pods of this node; the kubelet starts and stops it. */
    pods: Informer<Pod>
    faults: Faults
    /** Whether the cluster's volume is mounted on this worker. */
    hasClusterVolume: boolean
    settings: KubeletSettings
    /** Claims of devices that an earlier agent of this node held. */
    heldClaims: Checkpoint
    /** The limit that this worker was made with; unset where it has none. */
    memoryLimit?: number
    pinnedImages: readonly string[]
    network: Pick<PodNetwork, 'prepare'>
    /** Whether sandboxes are made ahead. */
    keepsWarm: boolean
    /** Unset where the port of the kubelet is not served. */
    nodePort?: Pick<NodePortOptions, 'host' | 'port' | 'certificateFile' | 'clientCa'>
  },
): Kubelet {
  const { client, clock, faults, log, node, pods: informer, runtime } = options
  const stops = new StopStack()
  const workers = new Map<string, PodWorker>()
  const byName = new Map<string, PodWorker>()
  /** Uids of pods that this node runs, or has decided to. */
  const admitted = new Set<string>()
  const cgroups = createCgroups()
  const limits = followLimits({ node, cgroups, given: options.memoryLimit })
  const allPods = (): Stored<Pod>[] => [...workers.values()].map(({ pod }) => pod)
  const snapshots = createSnapshots({ runtime, pods: allPods, cgroups, clock })
  const metrics = createKubeletMetrics({ node: node.name, version: options.version, now: () => clock.now() })
  const drivers = createCsiDrivers({ client, nodeName: node.name, onRegistered: () => kickAll() })
  const devices = createDraDrivers({ client, nodeName: node.name, clock, log, onRegistered: () => kickAll() })
  const claims = createPodClaims({ client, drivers: devices, checkpoint: options.heldClaims })
  const starts = createStarts(clock)
  const context: PodContext = {
    ...options,
    watches: createObjectWatches(options),
    csi: createCsiVolumes({ ...options, drivers, nodeName: node.name }),
    claims,
    resizeRefusal: (pod) => resizeRefusal(pod),
    starts,
    warm: { take: () => warm?.take() },
    onProbe: (result) => metrics.probe(result),
  }
  let port: NodePort | undefined
  let warm: WarmSandboxes | undefined
  const pages = createNodePages({
    node,
    dns: options.dns,
    settings: options.settings,
    pods: allPods,
    runtime,
    cgroups,
    snapshots,
    storage: createStorageReader({ root: options.root, runtime, clock }),
    metrics,
    processMetrics: () => faults.metrics(),
    isServing: () => port?.isServing() ?? false,
  })
  const serverOptions: KubeletServerOptions = {
    runtime,
    log,
    flows: createFlows({ onCut: () => faults.cut() }),
    pages,
    volumes: createClusterVolumes(),
    shutDown: () => shutdown.begin(),
    limitsChanged: () => limits.refresh(),
    imageStore: {
      list: () => pressure.images.list(),
      async load(archive) {
        await runtime.loadImage(archive)
        options.images.forgetAll()
      },
      copy: (reference) => options.images.copy(reference),
      async removeUnused() {
        const before = await runtime.images()
        await pressure.images.removeUnused()
        const left = new Set((await runtime.images()).map(({ id }) => id))
        return before.filter(({ id }) => !left.has(id))
      },
    },
    onFault: () => faults.request(),
    findPod(namespace, name) {
      const pod = byName.get(`${namespace}/${name}`)?.pod
      if (!pod) return undefined
      const { podIP, containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
      const waiting = [...initContainerStatuses, ...containerStatuses].filter(({ state }) => state?.waiting)
      return { uid: pod.metadata.uid, waiting: waiting.map((each) => each.name), ...(podIP ? { ip: podIP } : {}) }
    },
  }
  const server = createKubeletServer(serverOptions)
  const serveNodePort = (nodePort: NonNullable<typeof options.nodePort>): NodePort =>
    startNodePort({
      ...nodePort,
      ...serverOptions,
      // Flows of its own: readers in the cluster do not cut those of the API server.
      flows: createFlows({ onCut: () => faults.cut() }),
      callers: createCallers({ client, clock, nodeName: node.name }),
      clock,
    })

  const statics = createStaticPods({
    ...options,
    folder: options.settings.staticPodPath,
    nodeName: node.name,
    node: () => options.nodes.get(node.name),
    mirrors: () => informer.list().filter(isMirrorPod),
    running: staticWorkers,
    run: (pod) => runStatic(pod),
    end: (uid) => workers.get(uid)?.endNow(),
  })
  function staticWorkers(): Map<string, string> {
    const all = [...workers.values()].filter(({ pod }) => isStaticPod(pod))
    for (const worker of all) if (worker.hasEnded) release(worker.pod)
    return new Map(all.filter(({ hasEnded }) => !hasEnded).map(({ pod }) => [pod.metadata.uid, nameOf(pod)]))
  }
  const runStatic = (pod: Stored<Pod>): void => {
    const uid = pod.metadata.uid
    if (!workers.has(uid))
      workers.set(uid, new PodWorker(pod, { ...context, objectUid: () => statics.mirrorUid(uid) }, admission(pod)))
    take(pod)
  }

  const take = (pod: Stored<Pod>): void => {
    if (isMirrorPod(pod)) {
      statics.mirrorsChanged()
      return
    }
    const uid = pod.metadata.uid
    let worker = workers.get(uid)
    if (!worker) workers.set(uid, (worker = new PodWorker(pod, context, admission(pod))))
    byName.set(nameOf(pod), worker)
    metrics.pod(pod)
    worker.update(pod)
  }
  const isRun = (pod: Stored<Pod>): boolean =>
    admitted.has(pod.metadata.uid) ||
    pod.status?.startTime !== undefined ||
    runtime.containers(pod.metadata.uid).length > 0
  /** Static pods are told by their mirrors, their own among them. */
  const othersOf = (pod: Stored<Pod>): Stored<Pod>[] =>
    informer
      .list()
      .filter(
        (other) =>
          other.metadata.uid !== pod.metadata.uid &&
          !(isMirrorPod(other) && nameOf(other) === nameOf(pod)) &&
          !isPodTerminal(other) &&
          isRun(other),
      )
  const refusal = (pod: Stored<Pod>, on: Stored<Node> | undefined): Refusal | undefined =>
    shutdown.refusal() ?? pressure.refusalOf(pod) ?? (on && refusalOf(pod, on, othersOf(pod)))
  const resizeRefusal = (pod: Stored<Pod>): Refusal | undefined => {
    const on = options.nodes.get(node.name)
    return on && resizeRefusalOf(pod, on, othersOf(pod))
  }
  /** A refusal is decided by the node as it is now: the copy here may not show yet why the pod was bound to it. */
  const admission = (pod: Stored<Pod>): (() => Promise<Refusal | undefined>) | undefined => {
    const uid = pod.metadata.uid
    if (isRun(pod)) return undefined
    if (!refusal(pod, options.nodes.get(node.name))) {
      admitted.add(uid)
      return undefined
    }
    return async () => {
      const on = await client.get(nodes, { name: node.name })
      const found = refusal(pod, on)
      const left = found && isCriticalPod(pod) && (await makeRoom(pod, on)) ? refusal(pod, on) : found
      if (!left) admitted.add(uid)
      return left
    }
  }
  /** A critical pod takes the place of others, once they have ended. @returns whether any had to go */
  const makeRoom = async (pod: Stored<Pod>, on: Stored<Node>): Promise<boolean> => {
    const victims = victimsFor(pod, on, othersOf(pod)) ?? []
    for (const { metadata } of victims) workers.get(metadata.uid)?.evict({ ...preempted, isDisruption: true })
    for (const { metadata } of victims)
      for (let tries = 0; tries < mostLooks && isAlive(metadata.uid); tries++) await sleep(clock, lookMs)
    return victims.length > 0
  }
  /** Until its status says that it has ended, its resources are taken. */
  const isAlive = (uid: string): boolean =>
    informer.list().some((other) => other.metadata.uid === uid && !isPodTerminal(other))
  const release = (pod: Stored<Pod>): void => {
    if (isMirrorPod(pod)) {
      statics.mirrorsChanged()
      return
    }
    const uid = pod.metadata.uid
    const worker = workers.get(uid)
    if (byName.get(nameOf(pod)) === worker) byName.delete(nameOf(pod))
    workers.delete(uid)
    admitted.delete(uid)
    metrics.podGone(uid)
    worker?.abandon()
  }

  const shutdownListeners = new Set<() => void>()
  const shutdown = createNodeShutdown({
    groups: options.settings.shutdown,
    pods: () =>
      [...workers.entries()].map(([uid, worker]) => ({
        pod: worker.pod,
        shutDown: (grace) => worker.shutDown(grace),
        isRunning: () => runtime.containers(uid).some(({ state }) => state === 'running'),
        flush: () => worker.flush(),
      })),
    onBegin: () => shutdownListeners.forEach((listener) => listener()),
    clock,
  })
  const limitedStorage = createStorageReader({
    root: options.root,
    runtime,
    clock,
    disk: createDiskUsage({ clock, maxAge: 15_000 }),
  })
  const pressure = createNodePressure({
    ...options,
    memoryLimit: () => limits.memory(),
    node: () => options.nodes.get(node.name),
    pods: allPods,
    cgroups,
    snapshots,
    storage: limitedStorage,
    evict: (uid, notice, grace) => workers.get(uid)?.evict({ ...notice, grace, isDisruption: true }),
    async removeEndedContainers() {
      for (const worker of workers.values()) await worker.removeEndedContainers()
    },
  })

  const kickAll = (): void => {
    for (const worker of workers.values()) worker.kick()
  }

  return {
    async start() {
      const changed = (uid: string): void => {
        workers.get(uid)?.kick()
        warm?.changed(uid)
      }
      stops.add(await runtime.start(changed))
      const nodeOptions: NodeOptions = {
        client,
        nodes: options.nodes,
        runtime,
        clock,
        log,
        version: options.version,
        ...node,
        capacity: node,
        limits,
        hasClusterVolume: options.hasClusterVolume,
        features: {
          recursiveReadOnlyMounts: options.recursiveReadOnly ?? false,
          userNamespaces: options.userNamespaces !== undefined,
        },
        pressures: pressure.pressures,
        shutdown: {
          reason: () => shutdown.reason(),
          onChange(listener) {
            shutdownListeners.add(listener)
            return () => void shutdownListeners.delete(listener)
          },
        },
        // Pods that wait for their next try, which is ever later, are tried now.
        onReachable: kickAll,
      }
      const [stopNode] = await Promise.all([startNode(nodeOptions), watchPods()])
      stops.add(stopNode)
      stops.add(await servePlugins())
      stops.add(devices.start())
      if (options.keepsWarm) {
        warm = createWarmSandboxes({ ...options, starts })
        stops.add(warm.stop)
      }
      stops.add(snapshots.start())
      stops.add(pressure.start())
      stops.add(
        enforceStorageLimits({
          pods: allPods,
          snapshots,
          storage: limitedStorage,
          clock,
          log,
          evict: (uid, message) => workers.get(uid)?.evict({ message }),
        }),
      )
      if (options.nodePort) {
        port = serveNodePort(options.nodePort)
        stops.add(port.stop)
      }
    },
    serve: server,
    async stop() {
      informer.stop()
      for (const worker of workers.values()) worker.stop()
      await stops.stop()
    },
  }

  /** Failures are logged and leave the node without its plugins, not without its pods. */
  async function servePlugins(): Promise<Stop> {
    drivers.announce().catch((error: unknown) => log.warn('no CSINode is created', { error: messageOf(error) }))
    return watchPlugins({
      folder: join(options.root, 'plugins_registry'),
      handlers: { CSIPlugin: drivers.handler, DRAPlugin: devices.handler },
      clock,
      log,
    })
  }

  async function watchPods(): Promise<Stop> {
    informer.start()
    await informer.synced
    informer.onChange({
      added: take,
      updated: (_previous, pod) => take(pod),
      deleted: release,
    })
    await removeOrphans(await statics.load())
    stops.add(await statics.start())
    return () => informer.stop()
  }

  /** Removes containers, mounts and folders of pods that were deleted while this agent was not running. */
  async function removeOrphans(staticUids: ReadonlySet<string>): Promise<void> {
    const folders = await podsWithVolumes(options.root)
    const groups = (await options.groups?.uids()) ?? []
    for (const uid of new Set([...runtime.podUids(), ...folders, ...groups, ...claims.podUids()])) {
      if (workers.has(uid) || staticUids.has(uid)) continue
      const all = runtime.containers(uid)
      const [first] = all
      const names = new Set(all.filter(({ sandbox }) => !sandbox).map(({ name }) => name))
      const pod: Stored<Pod> = {
        metadata: { uid, name: first?.podName ?? '', namespace: first?.podNamespace ?? '', resourceVersion: '' },
        spec: { containers: [...names].map((name) => ({ name })) },
      }
      new PodWorker(pod, context).abandon()
    }
  }
}

/** How often and how many times it is looked whether a pod that makes room has ended. */
const lookMs = 100
const mostLooks = 300

const nameOf = ({ metadata }: Stored<Pod>): string => `${metadata.namespace}/${metadata.name}`
