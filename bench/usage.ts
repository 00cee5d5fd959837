import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { startControlPlane } from '#test/support/control-plane.ts'
import { objectMetricsPage } from '#main/cluster/apiserver/observability/object-metrics/index.ts'
import { createUsage } from '#main/cluster/metrics/usage.ts'
import { createSimulatedWorkers } from '#main/cluster/workers/simulated/simulated-workers.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { namespaces, pods } from '#shared/kube/resources.ts'

/**
 * What the collection of usage costs: CPU and the longest stall of the event loop with simulated workers alone, and with
 * the collector. `node bench/usage.ts [workers] [pods] [seconds]`
 */
const [workerCount = 1_000, podCount = 10_000, seconds = 60] = process.argv.slice(2).map(Number)
const plane = await startControlPlane()
const { client } = plane
await client.create(namespaces, { metadata: { name: 'kube-node-lease' } })
const base = { client, clock: systemClock, log: silentLog }
const informers = createSharedInformers(base)
const workers = createSimulatedWorkers({ ...base, informers, count: workerCount, namePrefix: 'sim' })
await workers.start()
const names = workers.names()
const watched = informers.share(pods)
let next = 0
await Promise.all(
  Array.from({ length: 32 }, async () => {
    while (next < podCount) await client.create(pods, pod(next++))
  }),
)
while (watched.list().filter(({ status }) => status?.phase === 'Running').length < podCount) await sleep(200)
await sleep(5_000)

const without = await cost()
const usage = createUsage(base)
const stop = usage.collect({ summary: (name) => Promise.resolve(workers.summary(name)) }, informers)
await sleep(12_000)
const collecting = await cost()
const measured = watched
  .list()
  .filter(({ metadata }) => usage.pod(metadata.namespace, metadata.name, metadata.uid) !== undefined).length
const objects = await objectMetrics()
console.log(
  JSON.stringify({
    bench: 'usage',
    workers: workerCount,
    pods: podCount,
    pods_measured: measured,
    cpu_s_per_minute: { without: without.cpu, collecting: collecting.cpu },
    longest_stall_ms: { without: without.stall, collecting: collecting.stall },
    object_metrics: objects,
    rss_mb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  }),
)
await stop()
await workers.stop()
informers.stop()
await plane.stop()

async function cost(): Promise<{ cpu: number; stall: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const before = process.cpuUsage()
  await sleep(seconds * 1_000)
  const { user, system } = process.cpuUsage(before)
  delay.disable()
  return { cpu: Number(((user + system) / 1e6 / (seconds / 60)).toFixed(2)), stall: Math.round(delay.max / 1e6) }
}

/** One answer of `/metrics/objects` for the pods. */
async function objectMetrics(): Promise<{ ms: number; mb: number; longest_stall_ms: number }> {
  const reader = { get: () => undefined, list: () => watched.list() as never }
  const page = objectMetricsPage({ reader, clock: systemClock })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const started = performance.now()
  const answer = await page({
    method: 'GET',
    path: '/metrics/objects',
    query: { resources: 'pods' },
    user: { name: 'bench', groups: [] },
    accept: undefined,
    body: { bytes: Buffer.alloc(0), contentType: '' },
    agent: 'bench',
    warnings: [],
  })
  delay.disable()
  const size = answer?.type === 'bytes' ? answer.body.length : 0
  return {
    ms: Math.round(performance.now() - started),
    mb: Number((size / 2 ** 20).toFixed(1)),
    longest_stall_ms: Math.round(delay.max / 1e6),
  }
}

function pod(index: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, namespace: 'default', labels: { app: 'bench' } },
    spec: {
      nodeName: names[index % names.length] ?? '',
      containers: [{ name: 'c', image: 'app', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
    },
  }
}
