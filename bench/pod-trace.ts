import { execFile, spawn } from 'node:child_process'
import { request } from 'node:https'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { createLoad, createNamespace, untilTrue } from './load.ts'

type Row = [what: string, value: number | string, unit: string]
interface Pod {
  metadata: { name: string; uid: string }
  spec?: { nodeName?: string }
  status?: { conditions?: { type: string; status: string }[] }
}

const pause = 'registry.k8s.io/pause:3.10'
const image = 'busybox:1.36'
/** What a pod goes through, in order; each row of the trace is the time since the one before. */
const steps = [
  'stored',
  'scheduled',
  'sandbox is there',
  'container created',
  'container started',
  'Ready seen',
] as const
type Step = (typeof steps)[number]

/**
 * Where the time of one pod's start goes on a cluster with one worker, from outside: the API's answers and watch, and the
 * events of the worker's engine, all by the same clock. In turn with each pod the engine's own command line starts a
 * sandbox and then a container in it.
 */
export async function tracePods(options: {
  server: string
  token: string
  workerContainer: string
  pods?: number
}): Promise<Row[]> {
  const { server, token, workerContainer, pods: count = 20 } = options
  const engine = await innerEngine(workerContainer)
  const load = createLoad({ server, token, parallel: 4 })
  const namespace = `trace-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  const path = `/api/v1/namespaces/${namespace}/pods`
  const pods = watchPods({ server, token, path })
  const engineEvents = followEvents(engine)
  await startPod(load, path, pods, 'first')
  await new Promise((resolve) => setTimeout(resolve, 3_000))

  const traces: Map<Step, number>[] = []
  const ready: number[] = []
  const own: number[] = []
  for (let index = 0; index < count; index++) {
    const name = `p-${index}`
    const begun = now()
    const times = await startPod(load, path, pods, name)
    ready.push((times.get('Ready seen') ?? 0) - begun)
    await new Promise((resolve) => setTimeout(resolve, 300))
    for (const { step, at } of engineEvents.of(name, begun)) times.set(step, at)
    let previous = begun
    const spent = new Map<Step, number>()
    for (const step of steps) {
      const at = Math.max(previous, times.get(step) ?? previous)
      spent.set(step, at - previous)
      previous = at
    }
    traces.push(spent)
    own.push(await startByCommandLine(engine))
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  pods.stop()
  engineEvents.stop()
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  load.stop()
  const [mine, theirs] = [median(ready), median(own)]
  return [
    [`pod create to Ready, p50 of ${count}`, round(mine), 'ms'],
    ['longest', round(Math.max(...ready)), 'ms'],
    ['sandbox, then container, by the engine’s command line, p50', round(theirs), 'ms'],
    ['ratio', Number((mine / theirs).toFixed(2)), ''],
    ...steps.map((step): Row => [`  … ${step}`, round(median(traces.map((trace) => trace.get(step) ?? 0))), 'ms']),
  ]
}

async function startPod(
  load: ReturnType<typeof createLoad>,
  path: string,
  pods: ReturnType<typeof watchPods>,
  name: string,
): Promise<Map<Step, number>> {
  const times = pods.follow(name)
  const container = { name: 'c', image, command: ['sleep', '100000'] }
  const spec = { terminationGracePeriodSeconds: 0, containers: [container] }
  await load.send('POST', path, { metadata: { name }, spec })
  if (!times.has('stored')) times.set('stored', now())
  await untilTrue(() => times.has('Ready seen'), 1)
  return times
}

/** `docker -H …` reaches the worker's engine through its process's root. */
async function innerEngine(container: string): Promise<string> {
  const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Pid}}', container])
  return `unix:///proc/${stdout.trim()}/root/run/slipway/docker.sock`
}

async function startByCommandLine(engine: string): Promise<number> {
  const begun = now()
  const sandbox = (await run('docker', ['-H', engine, 'run', '-d', '--network', 'none', pause])).stdout.trim()
  const joined = ['--network', `container:${sandbox}`]
  const container = (
    await run('docker', ['-H', engine, 'run', '-d', ...joined, image, 'sleep', '100000'])
  ).stdout.trim()
  const took = now() - begun
  await run('docker', ['-H', engine, 'rm', '-f', container, sandbox])
  return took
}

function watchPods({ server, token, path }: { server: string; token: string; path: string }): {
  follow(name: string): Map<Step, number>
  stop(): void
} {
  const followed = new Map<string, Map<Step, number>>()
  const { hostname, port } = new URL(server)
  const headers = { authorization: `Bearer ${token}` }
  const options = { hostname, port, path: `${path}?watch=1`, headers, rejectUnauthorized: false, agent: false as const }
  const outgoing = request(options, (response) => {
    const lines = createInterface({ input: response })
    // It ends by being cut.
    lines.on('error', () => undefined)
    lines.on('line', (line) => {
      const { object } = JSON.parse(line) as { object: Pod }
      const times = followed.get(object.metadata.name)
      const mark = (step: Step): void => void (times && !times.has(step) && times.set(step, now()))
      mark('stored')
      if (object.spec?.nodeName) mark('scheduled')
      if (object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
        mark('Ready seen')
    })
  })
  outgoing.on('error', () => undefined)
  outgoing.end()
  return {
    follow(name) {
      const times = new Map<Step, number>()
      followed.set(name, times)
      return times
    },
    stop: () => outgoing.destroy(),
  }
}

interface EngineEvent {
  Action: string
  timeNano: number
  Actor: { Attributes: Record<string, string> }
}

/** Events of the engine that name a pod. */
function followEvents(engine: string): {
  of(pod: string, since: number): { step: Step; at: number }[]
  stop(): void
} {
  const events: EngineEvent[] = []
  const child = spawn('docker', ['-H', engine, 'events', '--format', '{{json .}}'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as EngineEvent))
  const stepOf = ({ Action, Actor }: EngineEvent, pod: string): Step | undefined => {
    const { name = '' } = Actor.Attributes
    if (name.startsWith(`k8s_POD_${pod}_`) && (Action === 'start' || Action === 'rename')) return 'sandbox is there'
    if (!name.startsWith(`k8s_c_${pod}_`)) return undefined
    return Action === 'create' ? 'container created' : Action === 'start' ? 'container started' : undefined
  }
  return {
    of: (pod, since) =>
      events.flatMap((event) => {
        const at = event.timeNano / 1e6
        const step = stepOf(event, pod)
        return step && at >= since ? [{ step, at }] : []
      }),
    stop: () => void child.kill(),
  }
}

const run = promisify(execFile)
/** Milliseconds by the clock that the engine's events are told by. */
const now = (): number => performance.timeOrigin + performance.now()
const round = (value: number): number => Math.round(value * 10) / 10
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
