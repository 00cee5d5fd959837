import { afterEach, beforeEach, expect, test } from 'vitest'
import { startNode } from '#agent/kubelet/node.ts'
import type { Runtime } from '#agent/kubelet/runtime/runtime.ts'
import { startNodeLifecycle } from '#main/cluster/controllers/node-lifecycle.ts'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createInformer } from '#shared/client/informer.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import { leases, namespaces, nodes } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'

let plane: TestControlPlane
let clock: FakeClock
let stop: Stop = () => undefined
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  await plane.client.create(namespaces, { metadata: { name: 'kube-node-lease' } })
})
afterEach(async () => {
  await stop()
  await plane.stop()
})

/** Starts an agent's heartbeats; time goes on until they have begun. */
async function start(client: Client): Promise<void> {
  const informer = createInformer({ client, resource: nodes, clock: systemClock, log: silentLog })
  informer.start()
  const runtime: Partial<Runtime> = {
    version: async () => ({ version: '26.1.5', os: 'linux', architecture: 'amd64', kernel: '6.1' }),
    images: async () => [],
  }
  let stopNode: Stop | undefined
  void startNode({
    client,
    nodes: informer,
    runtime: runtime as Runtime,
    clock,
    log: silentLog,
    name: 'w',
    ip: '172.18.0.2',
    version: 'v1.36.0',
    capacity: { cpuMillis: 1_000, memoryBytes: 2 ** 30 },
    pressures: { current: () => [], onChange: () => () => undefined },
    measureDisk: async () => 2 ** 36,
  }).then((stopped) => (stopNode = stopped))
  while (!stopNode) await clock.advance(0)
  const stopBeating = stopNode
  stop = async () => {
    await stopBeating()
    informer.stop()
  }
}

test.each([30, 60])('after a pause of %i s it is Ready within a second of its first heartbeat', async (seconds) => {
  plane.start((context) => startNodeLifecycle(context, { monitorGraceMs: 20_000 }))
  let isPaused = false
  const whileAwake = <T>(call: () => Promise<T>): Promise<T> =>
    isPaused ? Promise.reject(new Error('the tunnel is down')) : call()
  await start({
    ...plane.client,
    get: (...call) => whileAwake(() => plane.client.get(...call)),
    patch: (...call) => whileAwake(() => plane.client.patch(...call)),
    create: (...call) => whileAwake(() => plane.client.create(...call)),
  })
  await clock.advance(20_000)
  isPaused = true
  for (let second = 0; second < seconds; second++) await clock.advance(1_000)
  const lost = await plane.untilOne(nodes, 'w', ({ spec }) => (spec?.taints?.length ?? 0) > 0)
  expect(lost.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('Unknown')
  const silentLease = await plane.client.get(leases, { namespace: 'kube-node-lease', name: 'w' })
  isPaused = false
  const isHeard = async (): Promise<boolean> => {
    const lease = await plane.client.get(leases, { namespace: 'kube-node-lease', name: 'w' })
    return lease.spec?.renewTime !== silentLease.spec?.renewTime
  }
  while (!(await isHeard())) await clock.advance(100)
  const heardAt = clock.now()
  const isReady = (node: Node): boolean => isNodeReady(node) && (node.spec?.taints ?? []).length === 0
  while (!isReady(await plane.client.get(nodes, { name: 'w' })) && clock.now() - heardAt < 10_000)
    await clock.advance(100)
  expect(clock.now() - heardAt).toBeLessThanOrEqual(1_000)
})
