import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt, nodeEnv, nodeFlags } from '../scripts/set-up.mjs'
import { createKubectl } from '../test/support/kubectl.ts'
import { slipwayUp, type Slipway } from '../test/support/slipway.ts'
import { createPods, measureApi } from './api.ts'
import { measureBadInput } from './bad-input.ts'
import { measureBusy, readLoopDelay, type LoopDelay } from './busy.ts'
import { measureDns } from './dns.ts'
import { measurePods } from './pods.ts'
import { containerCpu, traceHeals, tracePods } from './pod-trace.ts'
import { measureScheduling } from './scheduling.ts'
import { measureWindow } from './window.ts'
import { measureMap } from './map.ts'
import { measureNavigation } from './navigation.ts'
import { measureFullWorker, measureIdleWorkers, measureImage, type WorkersBench } from './workers.ts'
import { measureDeployment, measureIdle, measureWatchers, type SimulatedBench } from './simulated.ts'

/**
 * `npm run bench [-- api pods …]`: the rows of the design's table that exist, measured on the built app as its own
 * process. A table on stderr, one JSON line on stdout. Figures, never a verdict: timings drift from run to run.
 */
type Row = [what: string, value: number | string, unit: string]

const groups: Record<string, () => Promise<Row[]>> = {
  store: async () =>
    (await script('bench/store.ts')).flatMap(({ part, ...figures }) =>
      part === 'writes'
        ? [[`synced writes, ${String(figures['writers'])} writers`, Number(figures['writes_s']), '/s'] as Row]
        : [],
    ),
  create: async () => {
    const times: number[] = []
    for (let round = 0; round < 3; round++) {
      const cluster = await slipwayUp({ name: `bench-create-${round}`, args: ['--workers', '3'] })
      times.push(cluster.ready.ms)
      await cluster.end()
    }
    return [['one command to 3 workers Ready (image built), median of 3', median(times), 'ms']]
  },
  start: async () => {
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const cluster = await slipwayUp({ name: 'bench-start', args: ['--simulated', '1'] })
      times.push(cluster.ready.ms)
      await cluster.end()
    }
    return [
      [
        'control plane with one simulated worker, start of `up` (Node already loaded) to Ready, median of 5',
        median(times),
        'ms',
      ],
    ]
  },
  api: () =>
    withCluster(['--simulated', '1'], async (cluster, token) => {
      const rounds: Row[][] = []
      for (let round = 0; round < 3; round++)
        rounds.push(await measureApi({ server: cluster.ready.server, token, count: 3_000, parallel: 32 }))
      return medians(rounds)
    }),
  busy: () =>
    withProbedCluster((cluster, token, loopDelay) =>
      measureBusy({
        server: cluster.ready.server,
        token,
        loopDelay,
        memory: async () => {
          await settled()
          return memoryOf(cluster)
        },
      }),
    ),
  'bad-input': () =>
    withProbedCluster((cluster, token, loopDelay) =>
      measureBadInput({ server: cluster.ready.server, token, loopDelay, memory: () => memoryOf(cluster) }),
    ),
  memory: () =>
    withCluster(['--workers', '3'], async (cluster, token) => {
      await settled()
      const idle = memoryOf(cluster)
      const { server } = cluster.ready
      const removePods = await createPods({ server, token, count: 8_000, parallel: 32 })
      await settled()
      const loaded = memoryOf(cluster)
      await removePods()
      return [
        ['idle, 3 workers', idle, 'MB'],
        ['8,000 more pods in it', loaded, 'MB'],
      ]
    }),
  scheduling: () =>
    withCluster(['--simulated', '1'], async (cluster, token) => [
      ...(await measureScheduling({ server: cluster.ready.server, token, nodes: 500, pods: 3_000 })),
      ...(await measureScheduling({ server: cluster.ready.server, token, nodes: 1_000, pods: 5_000 })),
    ]),
  simulated: async () => {
    const rows: Row[] = []
    for (const [workers, pods] of [
      [100, 5_000],
      [1_000, 10_000],
      [5_000, 50_000],
    ] as const)
      rows.push(
        ...(await withProbedCluster(
          (cluster, token, loopDelay) => measureSimulated(pods, benchOf(cluster, token, loopDelay)),
          ['--simulated', String(workers)],
        )),
      )
    return rows
  },
  pods: () =>
    withCluster(['--workers', '3'], (cluster, token) =>
      measurePods({
        server: cluster.ready.server,
        token,
        replicas: 30,
        workers: cluster.ready.workers.map((node) => ({ node, container: `slipway-${node}` })),
      }),
    ),
  window: () =>
    withCluster(['--simulated', '1'], (cluster, token) => {
      const { ui, server } = cluster.ready
      return measureWindow({ ui, server, token, pods: 20_000, events: 500 })
    }),
  map: () =>
    withCluster(['--simulated', '6'], ({ ready, kubeconfig }) =>
      measureMap({ ui: ready.ui, context: `local:${ready.name}`, kubectl: createKubectl(kubeconfig) }),
    ),
  navigation: () =>
    withCluster(['--simulated', '2'], ({ ready, kubeconfig }) =>
      measureNavigation({
        ui: ready.ui,
        context: `local:${ready.name}`,
        kubectl: createKubectl(kubeconfig),
        minutes: Number(process.env.SLIPWAY_BENCH_MINUTES ?? 8),
      }),
    ),
  idle: () => withCluster(['--workers', '3'], (cluster, token) => measureIdleWorkers(workersBench(cluster, token))),
  full: () =>
    withCluster(['--workers', '1'], (cluster, token) =>
      measureFullWorker(workersBench(cluster, token), 110, Number(process.env.SLIPWAY_BENCH_SECONDS ?? 60)),
    ),
  image: () => withCluster(['--workers', '3'], (cluster, token) => measureImage(workersBench(cluster, token), 500)),
  dns: () =>
    withCluster(['--workers', '1'], (cluster, token) =>
      measureDns({ server: cluster.ready.server, token, worker: 'slipway-bench-worker-1' }),
    ),
  heal: () =>
    withCluster(['--workers', '1'], (cluster, token) =>
      traceHeals({ server: cluster.ready.server, token, workerContainer: 'slipway-bench-worker-1' }),
    ),
  trace: () =>
    withCluster(['--workers', '1'], (cluster, token) => {
      const workerContainer = 'slipway-bench-worker-1'
      const id = execFileSync('docker', ['inspect', '--format', '{{.Id}}', workerContainer], {
        encoding: 'utf8',
      }).trim()
      return tracePods({
        server: cluster.ready.server,
        token,
        workerContainer,
        workerCpu: () => containerCpu(id),
        appCpu: () => cpuOf(cluster) * 1_000,
      })
    }),
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !(name in groups))
if (unknown.length > 0) {
  console.error(`bench: no group named ${unknown.join(', ')}; there are ${Object.keys(groups).join(', ')}`)
  process.exit(1)
}
await ensureBuilt()
const results: Record<string, number | string> = {}
for (const [name, measure] of Object.entries(groups)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  for (const [what, value, unit] of await measure()) {
    results[`${name}: ${what} (${unit})`] = value
    console.error(`${name.padEnd(11)} ${what.padEnd(72)} ${String(value).padStart(10)} ${unit}`)
  }
}
console.log(JSON.stringify({ load: readFileSync('/proc/loadavg', 'utf8').split(' ')[0], results }))

async function withCluster(
  args: string[],
  measure: (cluster: Slipway, token: string) => Promise<Row[]>,
): Promise<Row[]> {
  const cluster = await slipwayUp({ name: 'bench', args })
  try {
    const token = await readFile(join(cluster.data, 'clusters/bench/pki/admin.token'), 'utf8')
    return await measure(cluster, token.trim())
  } finally {
    await cluster.end()
  }
}

/** With the event loop's delay to be asked for. */
async function withProbedCluster(
  measure: (cluster: Slipway, token: string, loopDelay: LoopDelay) => Promise<Row[]>,
  args: string[] = ['--simulated', '1'],
): Promise<Row[]> {
  const report = join(tmpdir(), `slipway-loop-${process.pid}.json`)
  const flags = process.env.NODE_OPTIONS
  process.env.NODE_OPTIONS = `--import=${join(import.meta.dirname, 'event-loop-probe.ts')}`
  process.env.SLIPWAY_LOOP_REPORT = report
  try {
    return await withCluster(args, (cluster, token) =>
      measure(
        cluster,
        token,
        readLoopDelay(report, () => void cluster.process.kill('SIGUSR2')),
      ),
    )
  } finally {
    if (flags === undefined) delete process.env.NODE_OPTIONS
    else process.env.NODE_OPTIONS = flags
    delete process.env.SLIPWAY_LOOP_REPORT
    await rm(report, { force: true })
  }
}

/** Memory is looked at when the work of the moment is done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 15_000))
}

async function measureSimulated(pods: number, bench: SimulatedBench): Promise<Row[]> {
  const empty = bench.memory()
  const rows = await measureDeployment(pods, bench)
  rows.push(...(await measureIdle(`${pods} pods`, bench)))
  const perPod = Math.round(((bench.memory() - empty) * 1_024) / pods)
  rows.push([`${pods} pods, memory per pod`, perPod, 'KB'])
  if (pods === 5_000) rows.push(...(await measureWatchers(500, bench)))
  return rows
}

function workersBench(cluster: Slipway, token: string): WorkersBench {
  return {
    server: cluster.ready.server,
    token,
    workers: cluster.ready.workers.map((name) => `slipway-${name}`),
    appCpu: () => cpuOf(cluster),
    appMemory: () => memoryOf(cluster),
  }
}

function benchOf(cluster: Slipway, token: string, loopDelay: LoopDelay): SimulatedBench {
  return {
    server: cluster.ready.server,
    token,
    loopDelay,
    cpu: () => cpuOf(cluster),
    memory: () => memoryOf(cluster),
  }
}

/** CPU time of the process so far, s. */
function cpuOf(cluster: Slipway): number {
  const [, fields = ''] = readFileSync(`/proc/${cluster.process.pid ?? ''}/stat`, 'utf8').split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) / 100
}

/** Resident memory of the process, MB. */
function memoryOf(cluster: Slipway): number {
  const status = readFileSync(`/proc/${cluster.process.pid ?? ''}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}

/** Row by row the median of several rounds. */
function medians([first = [], ...more]: Row[][]): Row[] {
  return first.map(([what, value, unit], row) => [
    `${what}, median of ${more.length + 1}`,
    median([value, ...more.map((round) => round[row]?.[1])].map(Number)),
    unit,
  ])
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Runs another bench of this folder and reads the JSON lines that it prints. */
function script(file: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeFlags, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...nodeEnv },
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => {
      const lines = text.split('\n').filter((line) => line.startsWith('{'))
      resolve(lines.map((line) => JSON.parse(line) as Record<string, unknown>))
    })
  })
}
