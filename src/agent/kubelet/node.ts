import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { cpus, totalmem, release } from 'node:os'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import type { Lease, Node, NodeCondition } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { leases, nodes } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { microTimestamp, timestamp } from '#shared/kube/timestamp.ts'
import type { Runtime } from './runtime/runtime.ts'

export interface NodeOptions {
  client: Client
  runtime: Runtime
  clock: Clock
  log: Log
  name: string
  ip: string
  version: string
  capacity: { cpuMillis: number; memoryBytes: number }
  /** Looks at what is left of this worker; by default at its disk and the machine's memory. */
  measure?(): Promise<Measured>
}

/** Bytes, and processes. */
export interface Measured {
  disk: number
  diskFree: number
  memoryFree: number
  pidsFree: number
}

/** Below these a node is under pressure. Kubernetes takes shares of the disk; a worker shares its disk with its owner. */
const leastDisk = 2 ** 30
const leastMemory = 100 * 2 ** 20
const leastPids = 500

const leaseSeconds = 40
const leaseRenewal = 10_000
const statusInterval = 300_000
const statusLook = 10_000

/** Registers this node, renews its lease, and reports its status when it changed or five minutes have passed. */
export async function startNode(options: NodeOptions): Promise<Stop> {
  const { clock, log } = options
  let stopped = false
  const timers = new Map<string, Stop>()
  const every = (name: string, ms: number, task: () => Promise<void>): void => {
    if (stopped) return
    timers.set(
      name,
      clock.after(ms, () => {
        task()
          .catch((error: unknown) => log.warn(`${name} not renewed`, { error: (error as Error).message }))
          .finally(() => every(name, ms, task))
      }),
    )
  }
  const reporter = createReporter(options)
  await untilDone(clock, log, () => register(options))
  await Promise.all([untilDone(clock, log, () => renewLease(options)), untilDone(clock, log, () => reporter())])
  every('lease', leaseRenewal, () => renewLease(options))
  every('status', statusLook, () => reporter())
  return () => {
    stopped = true
    for (const stop of timers.values()) void stop()
  }
}

async function untilDone(clock: Clock, log: Log, task: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await task()
      return
    } catch (error) {
      log.warn('the node cannot be registered yet', { error: (error as Error).message })
      await new Promise<void>((resolve) => clock.after(300, () => resolve()))
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

async function register({ client, name }: NodeOptions): Promise<void> {
  try {
    await client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: hostLabels(name) },
      spec: {},
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
    await client.patch(nodes, { name }, { type: 'strategic', body: { metadata: { labels: hostLabels(name) } } })
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
      metadata: { ...ref, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid ?? '' }] },
      spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
    }
    await client.create(leases, lease)
  }
}

/** @returns a task that writes the node's status if there is news. */
function createReporter({
  client,
  runtime,
  clock,
  name,
  ip,
  version,
  capacity,
  measure = measureMachine,
}: NodeOptions): () => Promise<void> {
  let sent: unknown
  let sentAt = 0
  let seen: Seen | undefined
  return async () => {
    const [down, measured] = await Promise.all([
      look(runtime).then(
        (now) => {
          seen = now
          return undefined
        },
        (error: unknown) => `container runtime is down: ${(error as Error).message}`,
      ),
      measure(),
    ])
    if (!seen) throw new Error(down ?? 'the container runtime has not been seen yet')
    const { engine, images } = seen
    const pressures = pressuresOf(measured)
    const amounts = {
      cpu: capacity.cpuMillis % 1_000 === 0 ? String(capacity.cpuMillis / 1_000) : `${capacity.cpuMillis}m`,
      memory: `${Math.floor(capacity.memoryBytes / 1_024)}Ki`,
      pods: '110',
      'ephemeral-storage': `${Math.floor(measured.disk / 1_024)}Ki`,
    }
    const content = {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        machineID: readId('/etc/machine-id'),
        systemUUID: readId('/etc/machine-id'),
        bootID: readId('/proc/sys/kernel/random/boot_id'),
        kernelVersion: engine.kernel || release(),
        osImage: 'Debian GNU/Linux 13 (trixie)',
        containerRuntimeVersion: `docker://${engine.version}`,
        kubeletVersion: version,
        kubeProxyVersion: version,
        operatingSystem: 'linux',
        architecture: architecture(),
      },
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      images,
    }
    const now = clock.now()
    const news = { ...content, pressures, down }
    if (jsonEqual(news, sent) && now - sentAt < statusInterval) return
    const node = await client.get(nodes, { name })
    const status = {
      ...content,
      // Resources that others patched in (fake ones of scheduling tests, devices) stay.
      capacity: amounts,
      allocatable: amounts,
      conditions: conditions(node, { ...pressures, down }, timestamp(now)),
    }
    await client.patch(nodes, { name }, { type: 'strategic', body: { status } }, { subresource: 'status' })
    sent = news
    sentAt = now
  }
}

/** What the node tells of its engine; when that is down, what it last told. */
interface Seen {
  engine: Awaited<ReturnType<Runtime['version']>>
  images: Awaited<ReturnType<Runtime['images']>>
}

async function look(runtime: Runtime): Promise<Seen> {
  const [engine, images] = await Promise.all([runtime.version(), runtime.images()])
  return { engine, images: images.slice(0, 50) }
}

interface Pressures {
  memory: boolean
  disk: boolean
  pid: boolean
}

export const pressuresOf = ({ diskFree, memoryFree, pidsFree }: Measured): Pressures => ({
  memory: memoryFree < leastMemory,
  disk: diskFree < leastDisk,
  pid: pidsFree < leastPids,
})

function conditions(
  node: Node,
  { memory, disk, pid, down }: Pressures & { down: string | undefined },
  now: string,
): NodeCondition[] {
  const condition = (type: string, holds: boolean, reason: string, message: string): NodeCondition => {
    const update = { type, status: holds ? 'True' : 'False', reason, message, lastHeartbeatTime: now }
    return withTransitionTime<NodeCondition>(node.status?.conditions, update, now)
  }
  return [
    memory
      ? condition('MemoryPressure', true, 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : condition('MemoryPressure', false, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    disk
      ? condition('DiskPressure', true, 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : condition('DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    pid
      ? condition('PIDPressure', true, 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : condition('PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    down === undefined
      ? condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status')
      : condition('Ready', false, 'KubeletNotReady', down),
  ]
}

async function measureMachine(): Promise<Measured> {
  const { blocks, bavail, bsize } = await statfs('/var/lib/docker').catch(() => statfs('/'))
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  const pids = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'))
  const running = /\d+\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1]
  return {
    disk: blocks * bsize,
    diskFree: bavail * bsize,
    memoryFree: available ? Number(available) * 1_024 : totalmem(),

    pidsFree: pids - Number(running ?? 0),
  }
}

function readId(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** What this worker may use: the limits of its container, else what the machine has. */
export function nodeCapacity(given: { cpus?: number; memoryBytes?: number }): {
  cpuMillis: number
  memoryBytes: number
} {
  return {
    cpuMillis: given.cpus ? Math.round(given.cpus * 1_000) : cpus().length * 1_000,
    memoryBytes: given.memoryBytes ?? totalmem(),
  }
}
