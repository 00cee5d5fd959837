import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { podImage } from './engine.ts'
import { containerCpu } from './pod-trace.ts'
import { createLoad, createNamespace, untilTrue, type Load } from './load.ts'
import { isReady, podSpec, watchPods } from './pod-watch.ts'

type Row = [what: string, value: number | string, unit: string]

export interface WorkersBench {
  server: string
  token: string
  /** Names of the workers' containers. */
  workers: readonly string[]
  /** CPU time of the app so far, s. */
  appCpu: () => number
  /** Resident memory of the app, MB. */
  appMemory: () => number
}

/** What a cluster that nobody uses takes: app and workers, with all that they have switched on. */
export async function measureIdleWorkers(bench: WorkersBench): Promise<Row[]> {
  const seconds = 60
  await pause(20_000)
  const before = [bench.appCpu(), await cpuOf(bench.workers)] as const
  await pause(seconds * 1_000)
  const share = (spent: number): number => Number(((spent / seconds) * 100).toFixed(2))
  return [
    ['idle: app, CPU', share(bench.appCpu() - before[0]), '% of a core'],
    ['idle: app, memory', bench.appMemory(), 'MB'],
    [`idle: ${bench.workers.length} workers, CPU`, share((await cpuOf(bench.workers)) - before[1]), '% of a core'],
    [`idle: ${bench.workers.length} workers, memory without page cache`, await memoryOf(bench.workers), 'MB'],
    ['idle: of it the agents', Math.round(await sum(bench.workers, agentMemory)), 'MB'],
  ]
}

/** As many pods as a node may have, on one worker. */
export async function measureFullWorker(bench: WorkersBench, pods: number, seconds: number): Promise<Row[]> {
  const [worker = ''] = bench.workers
  const load = createLoad({ ...bench, parallel: 4 })
  const namespace = await newNamespace(load)
  const path = `/api/v1/namespaces/${namespace}/pods`
  const watch = watchPods({ ...bench, path })
  const begun = performance.now()
  await createDeployment(load, namespace, pods, podImage)
  const readyPods = (): number => [...watch.pods.values()].filter(isReady).length
  await untilTrue(() => readyPods() === pods, 100)
  const took = (performance.now() - begun) / 1_000
  let least = pods
  watch.onPod(() => (least = Math.min(least, readyPods())))
  await pause(20_000)
  const before = await agentCpu(worker)
  await pause(seconds * 1_000)
  const agent = (((await agentCpu(worker)) - before) / seconds) * 100
  const restarts = [...watch.pods.values()].reduce(
    (count, { status }) => count + (status?.containerStatuses?.[0]?.restartCount ?? 0),
    0,
  )
  watch.stop()
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  load.stop()
  return [
    [`${pods} pods on one worker, all Ready after`, Number(took.toFixed(1)), 's'],
    [`fewest Ready within ${seconds} s; restarts`, `${least}; ${restarts}`, ''],
    ['its agent, CPU (goal 5)', Number(agent.toFixed(2)), '% of a core'],
    ['its agent, memory (goal 120)', Math.round(await agentMemory(worker)), 'MB'],
  ]
}

/** An image of the host's engine, from a Deployment that wants it until it runs on every worker. */
export async function measureImage(bench: WorkersBench, megabytes: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-image-'))
  const image = `slipway-bench-image:${Date.now().toString(36)}`
  const load = createLoad({ ...bench, parallel: 4 })
  try {
    const file = await open(join(folder, 'data'), 'w')
    for (let written = 0; written < megabytes; written++) await file.write(randomBytes(1_048_576))
    await file.close()
    await writeFile(join(folder, 'Dockerfile'), `FROM ${podImage}\nCOPY data /data\n`)
    await run('docker', ['build', '-q', '-t', image, folder])
    const disk = await diskSpeed(folder, megabytes)
    const namespace = await newNamespace(load)
    const watch = watchPods({ ...bench, path: `/api/v1/namespaces/${namespace}/pods` })
    const begun = performance.now()
    await createDeployment(load, namespace, bench.workers.length, image)
    await untilTrue(() => [...watch.pods.values()].filter(isReady).length === bench.workers.length)
    const seconds = (performance.now() - begun) / 1_000
    watch.stop()
    await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
    const speed = (megabytes * bench.workers.length) / seconds
    const after = await diskSpeed(folder, megabytes)
    const least = Math.min(disk, after)
    return [
      [`image of ${megabytes} MB to ${bench.workers.length} workers and run there`, Number(seconds.toFixed(1)), 's'],
      ['what arrived', Math.round(speed), 'MB/s'],
      ['the disk, written and synced, before and after', `${Math.round(disk)}, ${Math.round(after)}`, 'MB/s'],
      ['share of the slower of these (goal 0.5)', Number((speed / least).toFixed(2)), ''],
    ]
  } finally {
    load.stop()
    await run('docker', ['rmi', '-f', image]).catch(() => undefined)
    await rm(folder, { recursive: true })
  }
}

async function diskSpeed(folder: string, megabytes: number): Promise<number> {
  const path = join(folder, 'written')
  const piece = randomBytes(1_048_576)
  const begun = performance.now()
  const file = await open(path, 'w')
  for (let written = 0; written < megabytes; written++) await file.write(piece)
  await file.datasync()
  await file.close()
  const speed = megabytes / ((performance.now() - begun) / 1_000)
  await rm(path)
  return speed
}

async function newNamespace(load: Load): Promise<string> {
  const namespace = `workers-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  return namespace
}

async function createDeployment(load: Load, namespace: string, replicas: number, image: string): Promise<void> {
  const labels = { app: 'd' }
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: labels },
  }
  await load.send('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: 'd' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...podSpec(image), topologySpreadConstraints: [spread] } },
    },
  })
}

/** CPU time of containers with all in them, s. Asked outside them: a command inside would be counted. */
async function cpuOf(containers: readonly string[]): Promise<number> {
  const of = async (container: string): Promise<number> => {
    const { stdout } = await run('docker', ['inspect', '--format', '{{.Id}}', container])
    return containerCpu(stdout.trim()) / 1_000
  }
  return sum(containers, of)
}

/** What their processes and the kernel for them hold, MB. */
const memoryOf = async (containers: readonly string[]): Promise<number> => {
  const of = async (container: string): Promise<number> => {
    const files = '/sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat'
    const stat = await within(container, `cat ${files} 2>/dev/null; true`)
    const value = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stat)?.[1] ?? 0)
    return (value('total_rss') || value('anon')) / 1_048_576
  }
  return Math.round(await sum(containers, of))
}

const agent = '$(pgrep -xo node)'
const agentMemory = async (container: string): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await within(container, `cat /proc/${agent}/status`))?.[1]) / 1_024
const agentCpu = async (container: string): Promise<number> => {
  const [, fields = ''] = (await within(container, `cat /proc/${agent}/stat`)).split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) / 100
}

const within = async (container: string, script: string): Promise<string> =>
  (await run('docker', ['exec', container, 'sh', '-c', script])).stdout.trim()

async function sum(names: readonly string[], of: (name: string) => Promise<number>): Promise<number> {
  const values = await Promise.all(names.map(of))
  return values.reduce((total, value) => total + value, 0)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const run = promisify(execFile)
