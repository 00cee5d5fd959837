import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { pack } from 'tar-stream'
import type { Stop } from '#shared/base/disposable.ts'
import { clusterVolumesRoot } from '#shared/kube/cluster-volumes.ts'
import {
  agentVersionFile,
  type NewWorker,
  type WorkerFile,
  type WorkerMachine,
  type WorkerProvider,
} from '../provider.ts'
import { isMissing, statusOf } from './connection.ts'
import { ensureClusterNetwork } from './cluster-network.ts'
import { ensureWorkerImage } from './worker-image.ts'

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
}

/** Workers as containers on a network of their own, found again by their labels. */
export function createDockerProvider(options: DockerProviderOptions): WorkerProvider {
  const { cluster, connect } = options
  const network = `slipway-${cluster}`
  const clusterVolume = `slipway-${cluster}-volumes`
  const labels = { ...options.labels, 'slipway.dev/cluster': cluster }
  const filters = { label: [`slipway.dev/cluster=${cluster}`] }
  let image: string | undefined

  const container = async (name: string): Promise<Docker.Container> =>
    (await connect()).getContainer(containerName(name))

  return {
    async list() {
      const docker = await connect()
      const containers = await docker.listContainers({ all: true, filters })
      return Promise.all(containers.map((info) => describe(docker, info.Id, network)))
    },
    async checkEngine() {
      const { Version, Os, Arch } = await (await connect()).version()
      return `Docker ${Version}, ${Os}/${Arch}`
    },
    async ensureImage(work) {
      image = await ensureWorkerImage(await connect(), options.imageContext, work)
    },
    async ensureNetwork(log = () => undefined) {
      const docker = await connect()
      return ensureClusterNetwork(docker, { name: network, labels, reserved: options.reservedRanges ?? [], log })
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
      const files = [...worker.files, ...(await engineSettings(options.imageContext, worker))]
      await created.putArchive(archive(files) as unknown as NodeJS.ReadableStream, { path: '/' })
    },
    start: async (name) => settle((await container(name)).start()),
    stop: async (name) => settle((await container(name)).stop({ t: 20 })),
    pause: async (name) => settle((await container(name)).pause()),
    unpause: async (name) => settle((await container(name)).unpause()),
    kill: async (name) => settle((await container(name)).kill()),
    async lastOutput(name) {
      const output = await (await container(name)).logs({ stdout: true, stderr: true, tail: 5 })
      return unframed(output).trim()
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
      await settle((await connect()).getVolume(clusterVolume).remove({ force: true }))
    },
    onChange: (listener) => followEvents(connect, filters, listener),
  }
}

/** The agent is the one `node` that the worker's first process has started; that process starts it again. */
const restartStaleAgent = '[ "$(cat "$2" 2>/dev/null)" = "$1" ] || { pkill -TERM -P 1 -x node; printf %s "$1" > "$2"; }'

/** What the engine of a worker is told beyond the image's own settings; nothing else of them changes. */
async function engineSettings(imageContext: string, { registryMirror }: NewWorker): Promise<WorkerFile[]> {
  if (registryMirror === undefined) return []
  const own = JSON.parse(await readFile(join(imageContext, 'daemon.json'), 'utf8')) as object
  const content = JSON.stringify({ ...own, 'registry-mirrors': [registryMirror] }, null, 2)
  return [{ path: '/etc/docker/daemon.json', content, mode: 0o644 }]
}

const containerName = (worker: string): string => `slipway-${worker}`

/** The inner engine's data cannot lie on the container's own overlay; a volume also outlives a new container. */
const volumesOf = (worker: string): { name: string; path: string }[] => [
  { name: `slipway-${worker}-docker`, path: '/var/lib/docker' },
  { name: `slipway-${worker}-kubelet`, path: '/var/lib/kubelet' },
]

function containerOptions(
  { name, cpus, memoryBytes }: NewWorker,
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
      ...(cpus ? { NanoCpus: Math.round(cpus * 1e9) } : {}),
      ...(memoryBytes ? { Memory: memoryBytes, MemorySwap: memoryBytes } : {}),
    },
  }
}

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

/** Follows the engine's events, and reconnects when the engine was restarted. */
function followEvents(connect: () => Promise<Docker>, filters: { label: string[] }, listener: () => void): Stop {
  let stopped = false
  let stream: NodeJS.ReadableStream | undefined
  let retry: NodeJS.Timeout | undefined
  const follow = async (): Promise<void> => {
    try {
      const docker = await connect()
      stream = await docker.getEvents({
        filters: { ...filters, type: ['container'], event: ['start', 'die', 'pause', 'unpause', 'destroy'] },
      })
      if (stopped) {
        end()
        return
      }
      listener()
      stream.on('data', () => listener())
      await new Promise<void>((resolve) => stream?.once('close', () => resolve()).once('error', () => resolve()))
    } catch {
      // The engine does not answer: retried below.
    }
    if (stopped) return
    listener()
    retry = setTimeout(() => void follow(), 1_000)
  }
  const end = (): void => (stream as unknown as { destroy(): void } | undefined)?.destroy()
  void follow()
  return () => {
    stopped = true
    clearTimeout(retry)
    end()
  }
}
