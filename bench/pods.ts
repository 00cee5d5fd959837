import { createLoad, createNamespace, untilTrue } from './load.ts'
import { engineOf, podImage, type WorkerEngine } from './engine.ts'
import { isReady, podSpec, startPod, watchPods, type Pod, type PodWatch } from './pod-watch.ts'

type Row = [what: string, value: number | string, unit: string]

interface Bench {
  load: ReturnType<typeof createLoad>
  path: string
  watch: PodWatch
  /** Of each worker, by the name of its node. */
  engines: ReadonlyMap<string, WorkerEngine>
}

/**
 * The life of pods on real workers: one at a time, thirty at once, one replaced, one whose container is killed. What each is
 * compared with is measured in turn with it, because the machine is never the same for two minutes.
 * @param options `workers`: names of the nodes and of their containers
 */
export async function measurePods(options: {
  server: string
  token: string
  replicas: number
  workers: readonly { node: string; container: string }[]
}): Promise<Row[]> {
  const load = createLoad({ ...options, parallel: 8 })
  const namespace = `pods-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  const path = `/api/v1/namespaces/${namespace}/pods`
  const watch = watchPods({ ...options, path })
  const engines = new Map<string, WorkerEngine>()
  for (const { node, container } of options.workers) engines.set(node, await engineOf(container))
  const bench = { load, path, watch, engines }
  // Every worker has the image.
  await startDeployment(bench, namespace, 'first', options.workers.length * 2)
  await removeDeployment(bench, namespace, 'first')

  const rows = [
    ...(await measureSingle(bench)),
    ...(await measureBursts(bench, namespace, options.replicas)),
    ...(await measureHeals(bench)),
  ]
  watch.stop()
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  await untilTrue(
    () =>
      load.send('GET', `/api/v1/namespaces/${namespace}`).then(
        () => false,
        () => true,
      ),
    100,
  )
  load.stop()
  return rows
}

async function measureSingle(bench: Bench): Promise<Row[]> {
  const ready: number[] = []
  const pairs: number[] = []
  for (let index = 0; index < 15; index++) {
    ready.push(await startPod(bench, `s-${index}`, podImage))
    await pause()
    const { sandbox, container } = await anyEngine(bench).startPair()
    pairs.push(sandbox + container)
    await pause()
  }
  return [
    ['pod create to Ready, image present, p50 of 15', round(median(ready)), 'ms'],
    ['pod create to Ready, longest', round(Math.max(...ready)), 'ms'],
    ['sandbox, then container, by the engine’s command line, p50', round(median(pairs)), 'ms'],
    ['ratio (goal 0.5)', ratio(median(ready), median(pairs)), ''],
  ]
}

/** In container starts of the engine, which are measured before and after each. */
async function measureBursts(bench: Bench, namespace: string, replicas: number): Promise<Row[]> {
  const bursts: number[] = []
  const containers: number[] = []
  const pairs: number[] = []
  const compare = async (): Promise<void> => {
    for (let time = 0; time < 3; time++) {
      const { sandbox, container } = await anyEngine(bench).startPair()
      containers.push(container)
      pairs.push(sandbox + container)
    }
  }
  await compare()
  for (let round = 0; round < 3; round++) {
    await pause(3_000)
    bursts.push(await startDeployment(bench, namespace, `d-${round}`, replicas))
    await pause()
    await compare()
    if (round < 2) await removeDeployment(bench, namespace, `d-${round}`)
  }
  const burst = median(bursts)
  const goal = (2 * replicas) / 6
  return [
    [`Deployment of ${replicas} to available, median of 3`, round(burst), 'ms'],
    ['container by the engine’s command line, median', round(median(containers)), 'ms'],
    [`Deployment, in such containers (goal ${goal})`, ratio(burst, median(containers)), ''],
    [`Deployment, in sandboxes with their container (goal ${goal})`, ratio(burst, median(pairs)), ''],
  ]
}

/** Beside the pods of the Deployment: a new pod, a deleted one, and a killed container, in turn. */
async function measureHeals(bench: Bench): Promise<Row[]> {
  const { load, path, watch, engines } = bench
  const ready: number[] = []
  const replaced: number[] = []
  const restarted: number[] = []
  for (let round = 0; round < 9; round++) {
    await pause(1_000)
    const name = `heal-${round}`
    ready.push(await startPod(bench, name, podImage))
    await pause(1_000)
    const victim = [...watch.pods.values()].find(({ metadata }) => metadata.labels?.['app'] === 'd-2')
    if (!victim) throw new Error('the Deployment has no pods')
    const before = new Set(watch.pods.keys())
    const begun = performance.now()
    await load.send('DELETE', `${path}/${victim.metadata.name}`)
    await untilTrue(() => [...watch.pods.values()].some((pod) => !before.has(pod.metadata.name) && isReady(pod)), 1)
    replaced.push(performance.now() - begun)
    await pause(1_000)
    restarted.push(await restart(watch, engines, name))
  }
  const [fresh, heal, again] = [median(ready), median(replaced), median(restarted)]
  return [
    ['pod create to Ready beside them, median of 9', round(fresh), 'ms'],
    ['deleted pod to replacement Ready, median of 9', round(heal), 'ms'],
    ['ratio (goal 1.3)', ratio(heal, fresh), ''],
    ['killed container to Ready again, median of 9', round(again), 'ms'],
    ['ratio of that (goal 1.3)', ratio(again, fresh), ''],
  ]
}

/**
 * The command line is slow to ask for the kill, so that it counts from when the engine says it was.
 * @returns how long it takes until the pod is Ready with its next container, ms
 */
async function restart(watch: PodWatch, engines: ReadonlyMap<string, WorkerEngine>, name: string): Promise<number> {
  const pod = watch.pods.get(name)
  const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '')
  if (id === undefined) throw new Error(`${name} has no container`)
  const killed = engines.get(pod?.spec?.nodeName ?? '')?.kill(id)
  await untilTrue(() => {
    const now = watch.pods.get(name)
    return now !== undefined && isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1
  }, 1)
  const ready = performance.timeOrigin + performance.now()
  return ready - ((await killed) ?? ready)
}

async function startDeployment(bench: Bench, namespace: string, name: string, replicas: number): Promise<number> {
  const begun = performance.now()
  const labels = { app: name }
  await bench.load.send('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(podImage) } },
  })
  await untilTrue(() => podsOf(bench.watch, name).filter(isReady).length === replicas, 1)
  return performance.now() - begun
}

async function removeDeployment({ load, watch }: Bench, namespace: string, name: string): Promise<void> {
  await load.send('DELETE', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`)
  await untilTrue(() => podsOf(watch, name).length === 0)
  await pause(3_000)
}

const podsOf = (watch: PodWatch, name: string): Pod[] =>
  [...watch.pods.values()].filter(({ metadata }) => metadata.labels?.['app'] === name)

function anyEngine({ engines }: Bench): WorkerEngine {
  const [first] = engines.values()
  if (!first) throw new Error('there are no workers')
  return first
}

const pause = (ms = 300): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const round = (value: number): number => Math.round(value)
const ratio = (mine: number, theirs: number): number => Number((mine / theirs).toFixed(2))
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
