import type Docker from 'dockerode'
import { pack } from 'tar-stream'
import { clusterVolumesRoot } from '#shared/kube/cluster-volumes.ts'
import {
  agentVersionFile,
  type NewWorker,
  type WorkerFile,
  type WorkerLimits,
  type WorkerMachine,
  type WorkerProvider,
} from '../provider.ts'
import { isMissing, statusOf } from './connection.ts'
import { ensureClusterNetwork, requireIpv6 } from './cluster-network.ts'
import { followEvents, type EventFilters } from './follow-events.ts'
import { ensureOwnImage } from './own-image.ts'
import { pauseContainer } from './pause-container.ts'
import { createVolumeCopy } from './volume-copy.ts'

export interface DockerProviderOptions {
  /** Connects anew with each call, so that an engine which was restarted is found again. */
  connect(): Promise<Docker>
  cluster: string
  /** `resources/worker` */
  imageContext: string
  /** Port inside the worker on which its agent listens for the host. */
  agentPort: number
  /** Further labels of everything that is created; `slipway.dev/test` in tests. */
  labels?: Record<string, string>
  /** Ranges of the cluster's pods and Services, which its workers' network must not overlap. */
  reservedRanges?: readonly string[]
  /** Whether its workers' network has addresses of IPv6 too. */
  isDualStack?: boolean
}

/** Events that tell of another state of a worker. */
const lifeEvents: EventFilters = { type: ['container'], event: ['start', 'die', 'pause', 'unpause', 'destroy'] }

/** Workers as containers on a network of their own, found again by their labels. */
export function createDockerProvider(options: DockerProviderOptions): WorkerProvider {
  const { cluster, connect } = options
  const network = `slipway-${cluster}`
  const clusterVolume = `slipway-${cluster}-volumes`
  const labels = { ...options.labels, 'slipway.dev/cluster': cluster }
  const filters = { label: [`slipway.dev/cluster=${cluster}`] }
  const workerImage = { name: 'worker', context: options.imageContext }
  let image: string | undefined
  const volume = createVolumeCopy({
    connect,
    volume: clusterVolume,
    image: async () => (image ??= await ensureOwnImage(await connect(), workerImage, unseen())),
    labels: options.labels ?? {},
  })

  const container = async (name: string): Promise<Docker.Container> =>
    (await connect()).getContainer(containerName(name))

  const list = async (): Promise<WorkerMachine[]> => {
    const docker = await connect()
    const containers = await docker.listContainers({ all: true, filters })
    return Promise.all(containers.map((info) => describe(docker, info.Id, network)))
  }

  return {
    list,
    async checkEngine() {
      const docker = await connect()
      const { Version, Os, Arch } = await docker.version()
      if (options.isDualStack) await requireIpv6(docker, { name: `${network}-ipv6`, labels })
      return `Docker ${Version}, ${Os}/${Arch}`
    },
    async ensureImage(work) {
      image = await ensureOwnImage(await connect(), workerImage, work)
    },
    async ensureNetwork(log = () => undefined) {
      const docker = await connect()
      return ensureClusterNetwork(docker, {
        name: network,
        labels,
        reserved: options.reservedRanges ?? [],
        isDualStack: options.isDualStack ?? false,
        log,
      })
    },
    async ensureVolume() {
      const docker = await connect()
      const exists = await docker
        .getVolume(clusterVolume)
        .inspect()
        .then(
          () => true,
          (error: unknown) => {
            if (!isMissing(error)) throw error
            return false
          },
        )
      if (!exists) await docker.createVolume({ Name: clusterVolume, Labels: labels })
      return !exists
    },
    async create(worker) {
      const docker = await connect()
      if (!image) throw new Error('the worker image is not ready')
      const created = await docker.createContainer(
        containerOptions(worker, { image, network, clusterVolume, labels, agentPort: options.agentPort }),
      )
      await created.putArchive(archive(worker.files) as unknown as NodeJS.ReadableStream, { path: '/' })
    },
    start: async (name) => settle((await container(name)).start()),
    stop: async (name) => settle((await container(name)).stop({ t: 20 })),
    pause: async (name) => settle(pauseContainer(await container(name))),
    unpause: async (name) => settle((await container(name)).unpause()),
    kill: async (name) => settle((await container(name)).kill()),
    async lastOutput(name, lines = 5) {
      const output = await (await container(name)).logs({ stdout: true, stderr: true, tail: lines })
      return unframed(output).trim()
    },
    async limit(name, limits) {
      const worker = await container(name)
      if (limits.memoryBytes !== undefined) await requireRoom(worker, name, limits.memoryBytes)
      await worker.update(limitsOf(limits))
    },
    async remove(name) {
      await settle((await container(name)).remove({ force: true, v: true }))
      const docker = await connect()
      for (const volume of volumesOf(name)) await settle(docker.getVolume(volume.name).remove({ force: true }))
    },
    async putFiles(name, files) {
      await (await container(name)).putArchive(archive(files) as unknown as NodeJS.ReadableStream, { path: '/' })
    },
    async restartStaleAgent(name, version) {
      const exec = await (
        await container(name)
      ).exec({
        Cmd: ['sh', '-c', restartStaleAgent, 'sh', version, agentVersionFile],
        AttachStdout: true,
        AttachStderr: true,
      })
      const output = await exec.start({})
      output.resume()
      await new Promise((resolve) => output.once('close', resolve).once('end', resolve))
    },
    async removeNetwork() {
      await settle((await connect()).getNetwork(network).remove())
    },
    async removeVolume() {
      await volume.sweep()
      await settle((await connect()).getVolume(clusterVolume).remove({ force: true }))
    },
    volume,
    async diskUse() {
      const sizes = await volumeSizes(await connect())
      const workers = (await list()).map(({ name }) => {
        const [engineBytes = 0, kubeletBytes = 0] = volumesOf(name).map((volume) => sizes.get(volume.name) ?? 0)
        return { name, engineBytes, kubeletBytes }
      })
      return { workers, volumesBytes: sizes.get(clusterVolume) ?? 0 }
    },
    onChange: (listener) => followEvents(connect, { ...filters, ...lifeEvents }, listener),
  }
}

/** The agent is the one `node` that the worker's first process has started; that process starts it again. */
const restartStaleAgent = '[ "$(cat "$2" 2>/dev/null)" = "$1" ] || { pkill -TERM -P 1 -x node; printf %s "$1" > "$2"; }'

const containerName = (worker: string): string => `slipway-${worker}`

/** The inner engine's data cannot lie on the container's own overlay; a volume also outlives a new container. */
const volumesOf = (worker: string): { name: string; path: string }[] => [
  { name: `slipway-${worker}-docker`, path: '/var/lib/docker' },
  { name: `slipway-${worker}-kubelet`, path: '/var/lib/kubelet' },
]

function containerOptions(
  { name, ...limits }: NewWorker,
  {
    image,
    network,
    clusterVolume,
    labels,
    agentPort,
  }: { image: string; network: string; clusterVolume: string; labels: Record<string, string>; agentPort: number },
): Docker.ContainerCreateOptions {
  const port = `${agentPort}/tcp`
  return {
    name: containerName(name),
    Hostname: name,
    Image: image,
    Labels: { ...labels, 'slipway.dev/worker': name },
    ExposedPorts: { [port]: {} },
    HostConfig: {
      ...rights,
      NetworkMode: network,
      // Loopback only: the tunnel's port must not be seen from outside this machine.
      PortBindings: { [port]: [{ HostIp: '127.0.0.1', HostPort: '' }] },
      Mounts: [...volumesOf(name), { name: clusterVolume, path: clusterVolumesRoot }].map(({ name: volume, path }) => ({
        Type: 'volume',
        Source: volume,
        Target: path,
        VolumeOptions: { NoCopy: true, Labels: labels, DriverConfig: { Name: 'local', Options: {} } },
      })),
      Tmpfs: { '/run': 'exec,mode=755', '/tmp': 'exec,mode=1777' },
      // Started again with the engine or the machine, but not after it was stopped or killed through the engine.
      RestartPolicy: { Name: 'unless-stopped' },
      ...limitsOf(limits),
    },
  }
}

const limitsOf = ({
  cpus,
  memoryBytes,
}: WorkerLimits): { NanoCpus?: number; Memory?: number; MemorySwap?: number } => ({
  ...(cpus ? { NanoCpus: Math.round(cpus * 1e9) } : {}),
  ...(memoryBytes ? { Memory: memoryBytes, MemorySwap: memoryBytes } : {}),
})

/** The kernel would end processes for a limit below what they use. @throws Error for the user */
async function requireRoom(worker: Docker.Container, name: string, limit: number): Promise<void> {
  const { memory_stats: memory } = (await worker.stats({
    stream: false,
    'one-shot': true,
  })) as Partial<Docker.ContainerStats>
  const { usage = 0, stats } = (memory ?? {}) as { usage?: number; stats?: Record<string, number> }
  const used = usage - (stats?.['total_inactive_file'] ?? stats?.['inactive_file'] ?? 0)
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`
  if (used > limit)
    throw new Error(`${name} uses ${mebibytes(used)} of memory: a limit of ${mebibytes(limit)} would end its pods`)
}

/** Bytes of every volume of the engine, by name. */
async function volumeSizes(docker: Docker): Promise<Map<string, number>> {
  const { Volumes } = (await docker.df()) as {
    Volumes?: { Name: string; UsageData?: { Size?: number } }[] | null
  }
  return new Map((Volumes ?? []).map(({ Name, UsageData }) => [Name, Math.max(0, UsageData?.Size ?? 0)]))
}

/** The image is built once for all; who copies a volume does not look. */
const unseen = () => ({ log: () => undefined, bytes: () => undefined, signal: AbortSignal.timeout(600_000) })

/**
 * What a nested engine needs, and no more. `--privileged` would also pass every device of the host, its disks among
 * them: a device that the cgroup does not allow cannot be opened by any process of the worker, whatever its
 * capabilities.
 */
const rights = {
  CapAdd: ['ALL'],
  // These reach the host's kernel itself: its modules, ports and memory, clock, power, log and security modules.
  CapDrop: [
    'SYS_MODULE',
    'SYS_RAWIO',
    'SYS_BOOT',
    'SYS_TIME',
    'SYSLOG',
    'MAC_ADMIN',
    'MAC_OVERRIDE',
    'AUDIT_CONTROL',
    'AUDIT_READ',
    'WAKE_ALARM',
    'BLOCK_SUSPEND',
  ],
  CgroupnsMode: 'private',
  // The engine inside confines its containers itself; label=disable is SELinux's word for unconfined.
  SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
  // Beyond those that every container has: tun and fuse, which pods with the rights for it expect. The entrypoint makes
  // them.
  DeviceCgroupRules: ['c 10:200 rwm', 'c 10:229 rwm'],
  // The engine's own lists, without /proc/sys: the network's settings are written there.
  MaskedPaths: [
    '/proc/acpi',
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/sys/devices/virtual/powercap',
    '/sys/firmware',
  ],
  ReadonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger'],
}

function archive(files: readonly WorkerFile[]): ReturnType<typeof pack> {
  const tar = pack()
  for (const { path, content, mode } of files)
    tar.entry({ name: path.replace(/^\//, ''), mode }, typeof content === 'string' ? content : Buffer.from(content))
  tar.finalize()
  return tar
}

async function describe(docker: Docker, id: string, network: string): Promise<WorkerMachine> {
  const { Config, State, NetworkSettings, HostConfig } = await docker.getContainer(id).inspect()
  const name = Config.Labels['slipway.dev/worker'] ?? ''
  // Its only published port.
  const [published = ''] = Object.keys((HostConfig.PortBindings ?? {}) as object)
  const agentPort = Number.parseInt(published, 10)
  const port = NetworkSettings.Ports?.[`${agentPort}/tcp`]?.[0]?.HostPort
  const address = NetworkSettings.Networks[network]?.IPAddress
  // A container that is being restarted has ended by itself.
  const running = State.Running && !State.Restarting
  const state = State.Paused ? 'paused' : running ? 'running' : State.ExitCode === 0 ? 'stopped' : 'dead'
  return { name, state, agentPort, ...(port ? { port: Number(port) } : {}), ...(address ? { address } : {}) }
}

/** Output comes in frames: a byte of kind, three of padding, four of length, then text. */
function unframed(output: Buffer): string {
  let text = ''
  for (let at = 0; at + 8 <= output.length;) {
    const end = at + 8 + output.readUInt32BE(at + 4)
    text += output.toString('utf8', at + 8, end)
    at = end
  }
  return text
}

/** Waits for a call; "not found" and "already in that state" count as success. */
async function settle(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    const status = statusOf(error)
    if (status === 304 || isMissing(error)) return
    // "Container is not running", "removal already in progress"
    if (status === 409 && /not running|in progress|is not paused|already paused/.test(String(error))) return
    throw error
  }
}
