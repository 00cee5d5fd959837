import { afterEach, beforeEach, expect, it } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import type { Deployment, Service } from '#shared/kube/generated/types.ts'
import * as kinds from '#shared/kube/resources.ts'
import type { Reconciled } from '#shared/reconcile/controller.ts'
import { microTimestamp, timestamp } from '#shared/kube/timestamp.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startControllers, type Controllers } from './index.ts'

const { configMaps, daemonSets, deployments, endpoints, endpointSlices, jobs, leases, namespaces, nodes, pods } = kinds
const { controllerRevisions, replicaSets, secrets, serviceAccounts, services } = kinds
const resources = [
  configMaps,
  daemonSets,
  deployments,
  endpoints,
  endpointSlices,
  jobs,
  leases,
  namespaces,
  nodes,
  pods,
]
  .concat(controllerRevisions as never, replicaSets as never)
  .concat(secrets as never, serviceAccounts as never, services as never) as unknown as (typeof pods)[]

let plane: TestControlPlane
let clock: FakeClock
let controllers: Controllers
let writes: string[]
let failures: Reconciled[]
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  writes = []
  failures = []
  await plane.client.create(namespaces, { metadata: { name: 'kube-node-lease' } })
  await plane.client.create(nodes, { metadata: { name: 'node-1' } })
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(clock.now()) }]
  await plane.client.patch(
    nodes,
    { name: 'node-1' },
    { type: 'merge', body: { status: { conditions } } },
    { subresource: 'status' },
  )
  await plane.client.create(leases, { metadata: lease, spec: { holderIdentity: 'node-1' } })
  controllers = start()
})
afterEach(async () => {
  await controllers.stop()
  await plane.stop()
})

it('runs an application from its manifests to nothing left', async () => {
  plane.startKubelets()
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  await plane.client.create(deployments, web())
  await plane.client.create(services, front())
  const shop = { namespace: 'shop' }
  await plane.until(deployments, (all) => all[0]?.status?.availableReplicas === 3, shop)
  await plane.until(
    endpointSlices,
    (all) => all[0]?.endpoints?.filter(({ conditions }) => conditions?.ready).length === 3,
    shop,
  )

  await plane.client.delete(deployments, { namespace: 'shop', name: 'web' }, { propagationPolicy: 'Foreground' })
  await plane.until(deployments, (all) => all.length === 0, shop)
  expect((await plane.client.list(replicaSets, shop)).items).toEqual([])
  expect((await plane.client.list(pods, shop)).items).toEqual([])

  await plane.client.create(deployments, web())
  await plane.until(deployments, (all) => all[0]?.status?.availableReplicas === 3, shop)
  const gone = plane.until(namespaces, (all) => all.every(({ metadata }) => metadata.name !== 'shop'))
  await plane.client.delete(namespaces, { name: 'shop' })
  let isGone = false
  void gone.then(() => (isGone = true))
  while (!isGone) await pass(1000)
  for (const resource of resources) {
    const { items } = await plane.client.list(resource, resource.namespaced ? shop : {})
    expect(items.filter(({ metadata }) => metadata.namespace === 'shop')).toEqual([])
  }
  expect(failures).toEqual([])
})

it('does nothing while nothing happens', async () => {
  plane.startKubelets()
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  await plane.client.create(deployments, web())
  await plane.client.create(services, front())
  await plane.until(deployments, (all) => all[0]?.status?.availableReplicas === 3, { namespace: 'shop' })
  // Until everything has come to rest, retries of lost races among it.
  await pass(1000)
  for (let turn = 0; turn < 20; turn++) await settle()
  writes.length = 0
  for (let minute = 0; minute < 30; minute++) for (let beat = 0; beat < 6; beat++) await pass(10_000)
  expect(writes).toEqual([])
})

it('reaches the same end however often it is stopped and started on the way', async () => {
  plane.startKubelets()
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  await plane.client.create(services, front())
  await plane.client.create(deployments, web())
  for (let round = 0; round < 8; round++) {
    for (let turn = 0; turn < round; turn++) await settle()
    await controllers.stop()
    controllers = start()
  }
  await plane.until(deployments, (all) => all[0]?.status?.availableReplicas === 3, { namespace: 'shop' })
  expect((await plane.client.list(replicaSets)).items).toHaveLength(1)
  expect((await plane.client.list(pods)).items).toHaveLength(3)
})

const lease = { name: 'node-1', namespace: 'kube-node-lease' }

/** Lets time go by in which the node is heard of. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms)
  await plane.client.patch(leases, lease, { type: 'merge', body: { spec: { renewTime: microTimestamp(clock.now()) } } })
}

function start(): Controllers {
  return startControllers({
    client: counting(plane.client),
    clock,
    log: silentLog,
    resources,
    rootCa: 'PEM',
    kubernetesService: { clusterIP: '10.96.0.1', advertised: { address: '192.0.2.1', port: 6443 } },
    observe: (result) => {
      if (result.result === 'failed' || result.result === 'terminal') failures.push(result)
    },
  })
}

function counting({ transport }: Client): Client {
  return createClient({
    request(request) {
      if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`)
      return transport.request(request)
    },
    watch: (request, sink) => transport.watch(request, sink),
  })
}

const web = (): Deployment => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 3,
    progressDeadlineSeconds: 600,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
  },
})

const front = (): Service => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
})
