import { readFileSync } from 'node:fs'
import { engineOf, podImage, type EngineEvent, type WorkerEngine } from './engine.ts'
import { createLoad, createNamespace, untilTrue } from './load.ts'
import { isReady, podSpec, startPod, watchPods, type Pod, type PodWatch } from './pod-watch.ts'

type Row = [what: string, value: number | string, unit: string]

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
 * sandbox and then a container in it. CPU is that of the worker as a whole, without the client's.
 */
export async function tracePods(options: {
  server: string
  token: string
  workerContainer: string
  /** CPU time of the worker so far, ms. */
  workerCpu: () => number
  /** CPU time of the app so far, ms. */
  appCpu: () => number
  pods?: number
}): Promise<Row[]> {
  const { server, token, workerContainer, workerCpu, appCpu, pods: count = 20 } = options
  const engine = await engineOf(workerContainer)
  const load = createLoad({ server, token, parallel: 4 })
  const namespace = `trace-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  const path = `/api/v1/namespaces/${namespace}/pods`
  const watch = watchPods({ server, token, path })
  const seen = followPods(watch)
  const events = followEngine(engine)
  await startPod({ load, path, watch }, 'first', podImage)
  await pause(3_000)

  const traces: Map<Step, number>[] = []
  const ready: number[] = []
  const own: number[] = []
  const cpu = { app: [] as number[], worker: [] as number[], own: [] as number[] }
  for (let index = 0; index < count; index++) {
    const name = `p-${index}`
    const spent = [workerCpu(), appCpu()] as const
    const begun = now()
    ready.push(await startPod({ load, path, watch }, name, podImage))
    // With what goes on after it: the next sandbox that waits, events.
    await pause(settled)
    cpu.worker.push(workerCpu() - spent[0])
    cpu.app.push(appCpu() - spent[1])
    traces.push(durations(begun, new Map([...seen(name), ...events(name, begun)])))
    const before = workerCpu()
    const { sandbox, container } = await engine.startPair()
    own.push(sandbox + container)
    await pause(settled)
    cpu.own.push(workerCpu() - before)
  }
  watch.stop()
  events.stop()
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  load.stop()
  const [mine, theirs] = [median(ready), median(own)]
  return [
    [`pod create to Ready, p50 of ${count}`, round(mine), 'ms'],
    ['longest', round(Math.max(...ready)), 'ms'],
    ['sandbox, then container, by the engine’s command line, p50', round(theirs), 'ms'],
    ['ratio (goal 0.5)', Number((mine / theirs).toFixed(2)), ''],
    ...steps.map((step): Row => [`  … ${step}`, round(median(traces.map((trace) => trace.get(step) ?? 0))), 'ms']),
    ['CPU of the worker per pod, its next sandbox with it, p50', round(median(cpu.worker)), 'ms'],
    ['CPU of the app per pod, p50', round(median(cpu.app)), 'ms'],
    ['CPU of the worker per pair by the command line, with its end, p50', round(median(cpu.own)), 'ms'],
  ]
}

/**
 * Where the time goes from the deletion of a ReplicaSet's pod until its replacement is Ready, in turn with pods that are
 * created: the same steps, and when the engine has killed and removed what is left of the old one.
 */
export async function traceHeals(options: {
  server: string
  token: string
  workerContainer: string
  rounds?: number
}): Promise<Row[]> {
  const { server, token, workerContainer, rounds = 15 } = options
  const engine = await engineOf(workerContainer)
  const load = createLoad({ server, token, parallel: 4 })
  const namespace = `heals-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  const path = `/api/v1/namespaces/${namespace}/pods`
  const watch = watchPods({ server, token, path })
  const seen = followPods(watch)
  const events = followEngine(engine)
  const labels = { app: 'healed' }
  await load.send('POST', `/apis/apps/v1/namespaces/${namespace}/replicasets`, {
    metadata: { name: 'r' },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(podImage) },
    },
  })
  const ofSet = (): Pod | undefined =>
    [...watch.pods.values()].find((pod) => pod.metadata.labels?.['app'] === 'healed' && isReady(pod))
  await untilTrue(() => ofSet() !== undefined, 10)
  const created: Map<Step, number>[] = []
  const healed: Map<Step, number>[] = []
  const times = { ready: [] as number[], heal: [] as number[], killed: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    await pause(settled)
    let begun = now()
    times.ready.push(await startPod({ load, path, watch }, `n-${round}`, podImage))
    await pause(settled)
    created.push(durations(begun, new Map([...seen(`n-${round}`), ...events(`n-${round}`, begun)])))
    const old = ofSet()?.metadata.name ?? ''
    begun = now()
    await load.send('DELETE', `${path}/${old}`)
    await untilTrue(() => ofSet() !== undefined && ofSet()?.metadata.name !== old, 1)
    times.heal.push(now() - begun)
    await pause(settled)
    const name = ofSet()?.metadata.name ?? ''
    healed.push(durations(begun, new Map([...seen(name), ...events(name, begun)])))
    times.killed.push((events.died(old) ?? begun) - begun)
  }
  watch.stop()
  events.stop()
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  load.stop()
  const [ready, heal] = [median(times.ready), median(times.heal)]
  const step = (traces: Map<Step, number>[], each: Step): number =>
    round(median(traces.map((trace) => trace.get(each) ?? 0)))
  return [
    [`pod create to Ready, p50 of ${rounds}`, round(ready), 'ms'],
    ['deleted pod to replacement Ready, p50', round(heal), 'ms'],
    ['ratio (goal 1.3)', Number((heal / ready).toFixed(2)), ''],
    ...steps.map((each): Row => [
      `  … ${each}, created and replaced`,
      `${step(created, each)}, ${step(healed, each)}`,
      'ms',
    ]),
    ['  the old container has ended after', round(median(times.killed)), 'ms'],
  ]
}

/** CPU time of all processes of a container so far, ms; 0 where its control group is not found. */
export function containerCpu(id: string): number {
  for (const read of [
    () => Number(readFileSync(`/sys/fs/cgroup/cpuacct/docker/${id}/cpuacct.usage`, 'utf8')) / 1e6,
    () => Number(/usage_usec (\d+)/.exec(readFileSync(cgroup2File(id), 'utf8'))?.[1]) / 1e3,
  ])
    try {
      return read()
    } catch {
      // The other version.
    }
  return 0
}

const cgroup2File = (id: string): string => `/sys/fs/cgroup/system.slice/docker-${id}.scope/cpu.stat`

/** @returns each step's time since the one before */
function durations(begun: number, times: ReadonlyMap<Step, number>): Map<Step, number> {
  const spent = new Map<Step, number>()
  let previous = begun
  for (const step of steps) {
    const at = Math.max(previous, times.get(step) ?? previous)
    spent.set(step, at - previous)
    previous = at
  }
  return spent
}

/** When the watch has told what of each pod. */
function followPods(watch: PodWatch): (pod: string) => ReadonlyMap<Step, number> {
  const all = new Map<string, Map<Step, number>>()
  watch.onPod((pod) => {
    const { name } = pod.metadata
    let times = all.get(name)
    if (!times) all.set(name, (times = new Map([['stored', now()]])))
    if (pod.spec?.nodeName && !times.has('scheduled')) times.set('scheduled', now())
    if (isReady(pod) && !times.has('Ready seen')) times.set('Ready seen', now())
  })
  return (name) => all.get(name) ?? new Map<Step, number>()
}

/** Events of the engine that name a pod, as steps. */
function followEngine(engine: WorkerEngine): {
  (pod: string, since: number): [Step, number][]
  /** When a pod's container ended. */
  died(pod: string): number | undefined
  stop(): void
} {
  const events: EngineEvent[] = []
  const stop = engine.events((event) => events.push(event))
  const stepOf = ({ Action, Actor }: EngineEvent, pod: string): Step | undefined => {
    const { name = '' } = Actor.Attributes
    if (name.startsWith(`k8s_POD_${pod}_`) && (Action === 'start' || Action === 'rename')) return 'sandbox is there'
    if (!name.startsWith(`k8s_c_${pod}_`)) return undefined
    return Action === 'create' ? 'container created' : Action === 'start' ? 'container started' : undefined
  }
  const of = (pod: string, since: number): [Step, number][] =>
    events.flatMap((event) => {
      const at = event.timeNano / 1e6
      const step = stepOf(event, pod)
      return step && at >= since ? [[step, at] as [Step, number]] : []
    })
  const died = (pod: string): number | undefined => {
    const event = events.find(
      ({ Action, Actor }) => Action === 'die' && Actor.Attributes['name']?.startsWith(`k8s_c_${pod}_`),
    )
    return event && event.timeNano / 1e6
  }
  return Object.assign(of, { died, stop })
}

/** Until what a start leaves to do is done, ms. */
const settled = 1_000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Milliseconds by the clock that the engine's events are told by. */
const now = (): number => performance.timeOrigin + performance.now()
const round = (value: number): number => Math.round(value * 10) / 10
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
