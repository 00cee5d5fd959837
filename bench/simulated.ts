import { createLoad, untilTrue } from './load.ts'
import type { LoopDelay } from './busy.ts'

type Row = [what: string, value: number | string, unit: string]

export interface SimulatedBench {
  server: string
  token: string
  loopDelay: LoopDelay
  /** CPU time of the process so far, s. */
  cpu(): number
  /** Resident memory of the process, MB. */
  memory(): number
}

const namespace = '/api/v1/namespaces/default'

/** A Deployment on simulated workers, from its creation to its last replica available. */
export async function measureDeployment(replicas: number, bench: SimulatedBench): Promise<Row[]> {
  const load = createLoad({ ...bench, parallel: 1 })
  const path = '/apis/apps/v1/namespaces/default/deployments'
  await bench.loopDelay()
  const cpuBefore = bench.cpu()
  const begun = performance.now()
  await load.send('POST', path, deployment(replicas))
  await untilTrue(async () => {
    const { status } = (await load.send('GET', `${path}/web-${replicas}`)).json() as {
      status?: { availableReplicas?: number }
    }
    return (status?.availableReplicas ?? 0) >= replicas
  }, 100)
  const seconds = (performance.now() - begun) / 1_000
  const { p50, p99, max } = await bench.loopDelay()
  const what = `Deployment of ${replicas}`
  return [
    [`${what}, all available`, Number(seconds.toFixed(2)), 's'],
    [`${what}, CPU of the process`, Number((bench.cpu() - cpuBefore).toFixed(2)), 's'],
    [`${what}, event loop p50 / p99 / max`, `${p50} / ${p99} / ${max}`, 'ms'],
    [`${what}, memory`, bench.memory(), 'MB'],
  ]
}

/** What nodes and pods cost while nothing happens. */
export async function measureIdle(what: string, bench: SimulatedBench): Promise<Row[]> {
  const seconds = 30
  await pause(20)
  await bench.loopDelay()
  const before = bench.cpu()
  await pause(seconds)
  const { p99, max } = await bench.loopDelay()
  return [
    [`${what}, idle, CPU`, Number((((bench.cpu() - before) / seconds) * 100).toFixed(1)), '% of a core'],
    [`${what}, idle, event loop p99 / max`, `${p99} / ${max}`, 'ms'],
    [`${what}, idle, memory`, bench.memory(), 'MB'],
  ]
}

/** Memory of watches of all pods, per watch. */
export async function measureWatchers(count: number, bench: SimulatedBench): Promise<Row[]> {
  const load = createLoad({ ...bench, parallel: 1 })
  const before = bench.memory()
  const list = (await load.send('GET', `${namespace}/pods?limit=1`)).json() as { metadata: { resourceVersion: string } }
  const stops = Array.from({ length: count }, () =>
    load.watch(`${namespace}/pods?watch=1&resourceVersion=${list.metadata.resourceVersion}`, () => undefined),
  )
  await pause(10)
  const after = bench.memory()
  for (const stop of stops) stop()
  return [['memory per watch, with its TLS connection', Math.round(((after - before) * 1_024) / count), 'KB']]
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1_000))

const deployment = (replicas: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: `web-${replicas}` },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '10m', memory: '16Mi' } } }] },
    },
  },
})
