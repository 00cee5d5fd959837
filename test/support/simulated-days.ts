import { startControllers } from '#main/cluster/controllers/index.ts'
import { namespaceLifecycle } from '#main/cluster/apiserver/admission/namespace-lifecycle.ts'
import { storedResources } from '#main/cluster/apiserver/api/stored-resources.ts'
import { kinds } from '#main/cluster/apiserver/kinds/index.ts'
import { createScheduler } from '#main/cluster/scheduler/scheduler.ts'
import { createSimulatedWorkers, type SimulatedWorkers } from '#main/cluster/workers/simulated/simulated-workers.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createInformer, type Informer } from '#shared/client/informer.ts'
import { createClient } from '#shared/client/kube-client.ts'
import type { Job } from '#shared/kube/generated/types.ts'
import { jobs, namespaces } from '#shared/kube/resources.ts'
import { startApiServer } from './api-server.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'

/** A control plane with simulated workers whose clock is the test's: days go by as fast as their work is done. */
export interface SimulatedDays {
  client: Client
  clock: FakeClock
  workers: SimulatedWorkers
  /** Follows all Jobs. */
  watchJobs(listener: Parameters<Informer<Job>['onChange']>[0]): void
  stop(): Promise<void>
}

/** Workers renew their Leases every five minutes and are lost after fifteen, so that days have fewer events. */
const renewMs = 300_000
const monitorGraceMs = 900_000

/** @param start RFC 3339 */
export async function startSimulatedDays(start: string, { count = 2 } = {}): Promise<SimulatedDays> {
  let underWay = 0
  const rest = async (): Promise<void> => {
    for (let quiet = 0; quiet < 4;) {
      await new Promise((resolve) => setImmediate(resolve))
      quiet = underWay === 0 ? quiet + 1 : 0
    }
  }
  const clock = createFakeClock(Date.parse(start), rest)
  const api = await startApiServer({ kinds, admission: [namespaceLifecycle], clock })
  const { transport } = api.client
  const client = createClient({
    async request(request) {
      underWay++
      try {
        return await transport.request(request)
      } finally {
        underWay--
      }
    },
    watch: (request, sink) => transport.watch(request, sink),
  })
  for (const name of ['default', 'kube-system', 'kube-node-lease'])
    await client.create(namespaces, { metadata: { name } })
  const base = { client, clock, log: silentLog }
  const controllers = startControllers({
    ...base,
    resources: storedResources(kinds),
    rootCa: 'PEM',
    kubernetesService: { clusterIP: '10.96.0.1', advertised: { address: '192.0.2.1', port: 6443 } },
    nodeLifecycle: { monitorGraceMs },
  })
  const scheduler = createScheduler({ ...base, random: () => 0 })
  await scheduler.start()
  const workers = createSimulatedWorkers({ ...base, count, namePrefix: 'sim', renewMs })
  await workers.start()
  const jobInformer = createInformer({ ...base, resource: jobs })
  jobInformer.start()
  await jobInformer.synced
  return {
    client,
    clock,
    workers,
    watchJobs: (listener) => void jobInformer.onChange(listener),
    async stop() {
      jobInformer.stop()
      await workers.stop()
      await scheduler.stop()
      await controllers.stop()
      await api.stop()
    },
  }
}
