import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { cpus, totalmem, release } from 'node:os'
import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { Informer } from '#shared/client/informer.ts'
import { storageLabel } from '#shared/kube/cluster-volumes.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import type { Lease, Node, NodeCondition, NodeRuntimeHandlerFeatures } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { leases, nodes } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { microTimestamp, timestamp } from '#shared/kube/timestamp.ts'
import { hugePagesOf, memoryBeside } from './huge-pages.ts'
import type { PressureCondition } from './eviction/decide.ts'
import type { NodeLimits } from './node-limits.ts'
import { runtimeHandlers, type ListedImage, type Runtime } from './runtime/runtime.ts'
import { engineRoot } from './stats/storage.ts'

export interface NodeOptions {
  client: Client
  /** Nodes as cached from the API server, including this one. */
  nodes: Informer<Node>
  runtime: Runtime
  clock: Clock
  log: Log
  name: string
  ip: string
  /** In a dual-stack cluster. */
  ip6?: string
  version: string
  capacity: { cpuMillis: number; memoryBytes: number; hugePages?: Readonly<Record<string, number>> }
  /** Keeps `capacity` at what the worker may use. */
  limits?: Pick<NodeLimits, 'refresh' | 'onChange'>
  /** Whether the cluster's volume is mounted on this worker; it is, when unset. */
  hasClusterVolume?: boolean
  /** What its runtime offers; nothing, when unset. */
  features?: Required<NodeRuntimeHandlerFeatures>
  /** The API server has been reached again after heartbeats that failed. */
  onReachable?(): void
  /** Which of its resources are short, and who is told when that changes. */
  pressures: { current(): readonly PressureCondition[]; onChange(listener: () => void): Stop }
  /** Why the node takes no pods any more, undefined while it does, and who is told when that changes. */
  shutdown?: { reason(): string | undefined; onChange(listener: () => void): Stop }
  /** Size of the disk, bytes; of the engine's, when unset. */
  measureDisk?(): Promise<number>
}

const leaseSeconds = 40
const heartbeatPeriod = 10_000
/** An unchanged status is written again after this time, ms. */
const statusInterval = 300_000
/** Delay before a failed heartbeat is retried, and timeout of one, ms. */
const retryDelay = 1_000
const heartbeatTimeout = 10_000

/**
 * Registers this node, then renews its lease and evaluates its status every ten seconds. The status is written when it
 * differs from the API server's, or after five minutes. If the node was declared lost while it could not reach the API
 * server, this is corrected at once: by the first renewal after a gap, and by the informer.
 */
export async function startNode(options: NodeOptions): Promise<Stop> {
  const { clock, log, name } = options
  const reporter = createReporter(options)
  await untilDone(clock, log, () => register(options))
  const status = createHeartbeat({ name: 'status', clock, log, task: (isAsked) => reporter.report(isAsked) })
  let renewedAt = 0
  const lease = createHeartbeat({
    name: 'lease',
    clock,
    log,
    async task() {
      await renewLease(options)
      const gap = clock.now() - renewedAt
      renewedAt = clock.now()
      if (gap > 1.5 * heartbeatPeriod) status.beat()
    },
    recovered: () => options.onReachable?.(),
  })
  await Promise.all([lease.first, status.first])
  const stopWatching = options.nodes.onChange({
    updated(_previous, node) {
      if (node.metadata.name === name && reporter.isContradicted(node)) status.beat()
    },
  })
  const stopPressures = options.pressures.onChange(() => status.beat())
  const stopShutdown = options.shutdown?.onChange(() => status.beat())
  const stopLimits = options.limits?.onChange(() => status.beat())
  return () => {
    void stopWatching()
    void stopPressures()
    void stopShutdown?.()
    void stopLimits?.()
    lease.stop()
    status.stop()
  }
}

interface Heartbeat {
  /** Resolves with the first success. */
  readonly first: Promise<void>
  /** Runs the next heartbeat now; if one is running, another follows it. */
  beat(): void
  stop(): void
}

/** Runs `task` now and then every ten seconds; failures are retried every second and logged once per series. */
function createHeartbeat({
  name,
  clock,
  log,
  task,
  recovered,
}: {
  name: string
  clock: Clock
  log: Log
  /** @param isAsked it is run for a beat that was asked for, or after a failure */
  task(isAsked: boolean): Promise<void>
  /** Called after the first success that follows a failure. */
  recovered?(): void
}): Heartbeat {
  let isStopped = false
  let isRunning = false
  let isWanted = false
  let hasFailed = false
  let timer: Stop = () => undefined
  let succeeded: () => void = () => undefined
  const first = new Promise<void>((resolve) => (succeeded = resolve))

  const schedule = (ms: number): void => {
    void timer()
    if (!isStopped) timer = clock.after(ms, () => void run())
  }
  const run = async (): Promise<void> => {
    isRunning = true
    const isAsked = isWanted || hasFailed
    isWanted = false
    let next = heartbeatPeriod
    try {
      await withTimeout(clock, task(isAsked))
      if (hasFailed) {
        log.info(`${name} renewed again`)
        recovered?.()
      }
      hasFailed = false
      succeeded()
    } catch (error) {
      if (!hasFailed) log.warn(`${name} not renewed`, { error: messageOf(error) })
      hasFailed = true
      next = retryDelay
    }
    isRunning = false
    schedule(isWanted ? Math.min(next, retryDelay / 2) : next)
  }
  schedule(0)
  return {
    first,
    beat() {
      isWanted = true
      if (!isRunning) schedule(0)
    },
    stop() {
      isStopped = true
      void timer()
    },
  }
}

/** @throws Error when `work` takes longer than a heartbeat may */
async function withTimeout(clock: Clock, work: Promise<void>): Promise<void> {
  let cancel: Stop = () => undefined
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(heartbeatTimeout, () => reject(new Error('context deadline exceeded')))
  })
  try {
    await Promise.race([work, late])
  } finally {
    void cancel()
  }
}

async function untilDone(clock: Clock, log: Log, task: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await task()
      return
    } catch (error) {
      if (tries === 0) log.warn('the node cannot be registered yet', { error: messageOf(error) })
      await sleep(clock, 300)
    }
  }
}

const hostLabels = (name: string): Record<string, string> => ({
  'kubernetes.io/hostname': name,
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture(),
  'beta.kubernetes.io/os': 'linux',
  'beta.kubernetes.io/arch': architecture(),
})

const architecture = (): string =>
  ({ x64: 'amd64', arm64: 'arm64', arm: 'arm' })[process.arch as string] ?? process.arch

async function register({ client, name, hasClusterVolume = true }: NodeOptions): Promise<void> {
  const labels = hostLabels(name)
  try {
    await client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { ...labels, ...(hasClusterVolume ? {} : { [storageLabel]: 'node' }) } },
      spec: {},
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
    const body = { metadata: { labels: { ...labels, [storageLabel]: hasClusterVolume ? null : 'node' } } }
    await client.patch(nodes, { name }, { type: 'strategic', body })
  }
}

async function renewLease({ client, clock, name }: NodeOptions): Promise<void> {
  const ref = { namespace: 'kube-node-lease', name }
  const renewTime = microTimestamp(clock.now())
  try {
    await client.patch(leases, ref, {
      type: 'merge',
      body: { spec: { renewTime, holderIdentity: name, leaseDurationSeconds: leaseSeconds } },
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error
    const node = await client.get(nodes, { name })
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...ref, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid }] },
      spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
    }
    await client.create(leases, lease)
  }
}

interface Reporter {
  /**
   * Writes the node's status if it differs from the API server's, or has not been written for a while.
   * @param isAsked something has happened: the API server is asked for what it has, which else is what it has told last
   */
  report(isAsked: boolean): Promise<void>
  /** Whether the conditions of `node` differ from those that this agent wrote last. */
  isContradicted(node: Node): boolean
}

function createReporter(options: NodeOptions): Reporter {
  const { client, runtime, clock, name, pressures, measureDisk = sizeOfDisk } = options
  /** What this agent wrote last, and the status that the API server returned. */
  let written: { content: unknown; held: Held; at: number } | undefined
  let seen: Seen | undefined

  return {
    async report(isAsked) {
      options.limits?.refresh()
      const [broken, disk] = await Promise.all([
        look(runtime).then(
          (now) => {
            seen = now
            return undefined
          },
          (error: unknown) => `container runtime is down: ${messageOf(error)}`,
        ),
        measureDisk(),
      ])
      if (!seen) throw new Error(broken ?? 'the container runtime has not been seen yet')
      const down =
        [broken, options.shutdown?.reason()].filter((problem) => problem !== undefined).join(',') || undefined
      const content = contentOf(options, seen, disk)
      const health: Health = { pressures: [...pressures.current()].sort(), down }
      const now = clock.now()
      const isCurrent = (node: Node): boolean =>
        written !== undefined &&
        now - written.at < statusInterval &&
        jsonEqual({ content, health }, written.content) &&
        jsonEqual(heldOf(node), written.held)
      const told = isAsked ? undefined : options.nodes.get(name)
      if (told && isCurrent(told)) return
      const node = await client.get(nodes, { name })
      if (isCurrent(node)) return
      // Resources that others patched in (fake ones of scheduling tests, devices) stay.
      const status = {
        ...content,
        // Merged by their type, two addresses of one type would become one.
        ...(options.ip6 ? { addresses: [...content.addresses, { $patch: 'replace' }] } : {}),
        conditions: conditions(node, health, timestamp(now)),
      }
      const patch = { type: 'strategic', body: { status } } as const
      const answer = await client.patch(nodes, { name }, patch, { subresource: 'status' })
      written = { content: { content, health }, held: heldOf(answer), at: now }
    },
    isContradicted: (node) => written !== undefined && !jsonEqual(heldConditions(node), written.held.conditions),
  }
}

/** Of the worker's image (resources/worker). */
export const osImage = 'Debian GNU/Linux 13 (trixie)'

const kibibytes = (bytes: number): string => (bytes === 0 ? '0' : `${Math.floor(bytes / 1_024)}Ki`)

const noFeatures = { recursiveReadOnlyMounts: false, userNamespaces: false }

/** The status without its conditions. */
function contentOf(
  { name, ip, ip6, version, capacity, features = noFeatures }: NodeOptions,
  { engine, images }: Seen,
  disk: number,
) {
  const amounts = {
    cpu: capacity.cpuMillis % 1_000 === 0 ? String(capacity.cpuMillis / 1_000) : `${capacity.cpuMillis}m`,
    memory: kibibytes(capacity.memoryBytes),
    pods: '110',
    'ephemeral-storage': kibibytes(disk),
    ...Object.fromEntries(Object.entries(capacity.hugePages ?? {}).map(([size, bytes]) => [size, kibibytes(bytes)])),
  }
  return {
    addresses: [
      { type: 'InternalIP', address: ip },
      ...(ip6 ? [{ type: 'InternalIP', address: ip6 }] : []),
      { type: 'Hostname', address: name },
    ],
    nodeInfo: {
      machineID: readId('/etc/machine-id'),
      systemUUID: readId('/etc/machine-id'),
      bootID: readId('/proc/sys/kernel/random/boot_id'),
      kernelVersion: engine.kernel || release(),
      osImage,
      containerRuntimeVersion: `docker://${engine.version}`,
      kubeletVersion: version,
      kubeProxyVersion: version,
      operatingSystem: 'linux',
      architecture: architecture(),
    },
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    runtimeHandlers: runtimeHandlers.map((handler) => ({ name: handler, features })),
    features: { supplementalGroupsPolicy: true },
    images,
    capacity: amounts,
    allocatable: { ...amounts, memory: kibibytes(memoryBeside(capacity.hugePages ?? {}, capacity.memoryBytes)) },
  }
}

interface Held {
  content: unknown
  conditions: unknown
}

/** The part of a node's status that this agent owns, without the times of its conditions. */
function heldOf(node: Node): Held {
  const { addresses, nodeInfo, daemonEndpoints, runtimeHandlers: handlers, features, images } = node.status ?? {}
  const { capacity = {}, allocatable = {} } = node.status ?? {}
  const pages = Object.keys(capacity).filter((resource) => resource.startsWith('hugepages-'))
  const own = ['cpu', 'memory', 'pods', 'ephemeral-storage', ...pages.sort()].map((resource) => [
    capacity[resource],
    allocatable[resource],
  ])
  return {
    content: [addresses, nodeInfo, daemonEndpoints, handlers, features, images, own],
    conditions: heldConditions(node),
  }
}

const ownConditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready']

const heldConditions = ({ status }: Node): unknown =>
  ownConditions.map((type) => {
    const held = status?.conditions?.find((condition) => condition.type === type)
    return [held?.status, held?.reason, held?.message]
  })

/** The engine's facts about the node; while it is down, the last known ones. */
interface Seen {
  engine: Awaited<ReturnType<Runtime['version']>>
  images: { names: string[]; sizeBytes: number }[]
}

/** The kubelet's own limits (nodeStatusMaxImages, MaxNamesPerImageInNodeStatus). */
const mostImages = 50
const mostNames = 5

/** The largest ones: the scheduler prefers nodes that have them. */
const reportedImages = (images: readonly ListedImage[]): Seen['images'] =>
  images
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostImages)
    .map(({ names, sizeBytes }) => ({ names: names.slice(0, mostNames), sizeBytes }))

async function look(runtime: Runtime): Promise<Seen> {
  const [engine, images] = await Promise.all([runtime.version(), runtime.images()])
  return { engine, images: reportedImages(images) }
}

interface Health {
  pressures: readonly PressureCondition[]
  /** Why it is not Ready. */
  down: string | undefined
}

function conditions(node: Node, { pressures, down }: Health, now: string): NodeCondition[] {
  const condition = (type: string, holds: boolean, reason: string, message: string): NodeCondition => {
    const update = { type, status: holds ? 'True' : 'False', reason, message, lastHeartbeatTime: now }
    return withTransitionTime<NodeCondition>(node.status?.conditions, update, now)
  }
  return [
    pressures.includes('MemoryPressure')
      ? condition('MemoryPressure', true, 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : condition('MemoryPressure', false, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    pressures.includes('DiskPressure')
      ? condition('DiskPressure', true, 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : condition('DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    pressures.includes('PIDPressure')
      ? condition('PIDPressure', true, 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : condition('PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    down === undefined
      ? condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status')
      : condition('Ready', false, 'KubeletNotReady', down),
  ]
}

async function sizeOfDisk(): Promise<number> {
  const { blocks, bsize } = await statfs(engineRoot).catch(() => statfs('/'))
  return blocks * bsize
}

export function readId(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** What this worker may use: the limits of its container, else the machine's resources. */
export function nodeCapacity(given: { cpus?: number; memoryBytes?: number }): {
  cpuMillis: number
  memoryBytes: number
  hugePages: Record<string, number>
} {
  return {
    cpuMillis: given.cpus ? Math.round(given.cpus * 1_000) : cpus().length * 1_000,
    memoryBytes: given.memoryBytes ?? totalmem(),
    hugePages: hugePagesOf(),
  }
}
