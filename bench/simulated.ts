import { startControlPlane } from '#test/support/control-plane.ts'
import { createScheduler } from '#main/cluster/scheduler/scheduler.ts'
import { createSimulatedWorkers } from '#main/cluster/workers/simulated/simulated-workers.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { namespaces, pods } from '#shared/kube/resources.ts'

/**
 * Simulated workers, scheduler and API server (memory store) in one process: registering the workers, then pods from
 * creation to Ready. `node bench/simulated.ts [workers] [pods]`
 */
const [workerCount = 1_000, podCount = 5_000] = process.argv.slice(2).map(Number)
const plane = await startControlPlane()
const { client } = plane
await client.create(namespaces, { metadata: { name: 'kube-node-lease' } })
const base = { client, clock: systemClock, log: silentLog }
const informers = createSharedInformers(base)
const begun = performance.now()
const workers = createSimulatedWorkers({ ...base, informers, count: workerCount, namePrefix: 'sim' })
await workers.start()
const registered = performance.now()
const scheduler = createScheduler({ ...base, informers })
await scheduler.start()
const watched = informers.share(pods)
const started = performance.now()
const allReady = new Promise<void>((resolve) => {
  let ready = 0
  watched.onChange({
    updated(previous, pod) {
      if (!isPodReady(previous) && isPodReady(pod) && ++ready === podCount) resolve()
    },
  })
})
let next = 0
await Promise.all(
  Array.from({ length: 32 }, async () => {
    while (next < podCount) await client.create(pods, pod(next++))
  }),
)
await allReady
const seconds = (performance.now() - started) / 1_000
console.log(
  JSON.stringify({
    bench: 'simulated',
    workers: workerCount,
    register_s: Number(((registered - begun) / 1_000).toFixed(2)),
    pods: podCount,
    ready_pods_s: Math.round(podCount / seconds),
    rss_mb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  }),
)
await scheduler.stop()
await workers.stop()
informers.stop()
await plane.stop()

function pod(index: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, namespace: 'default', labels: { app: 'bench' } },
    spec: { containers: [{ name: 'c', image: 'app', resources: { requests: { cpu: '100m', memory: '64Mi' } } }] },
  }
}
