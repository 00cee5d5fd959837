import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createInformer } from '#shared/client/informer.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import { leases, namespaces, nodes } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import type { PressureCondition } from './eviction/decide.ts'
import { startNode } from './node.ts'
import type { Runtime } from './runtime/runtime.ts'

let plane: TestControlPlane
let clock: FakeClock
let stop: Stop
let pressures: PressureCondition[]
let pressuresChanged: () => void
let reached: number
beforeEach(async () => {
  engineDown = undefined
  reached = 0
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  await plane.client.create(namespaces, { metadata: { name: 'kube-node-lease' } })
  pressures = []
})
afterEach(async () => {
  await stop()
  await plane.stop()
})

let engineDown: Error | undefined
const runtime = {
  version: async () => {
    if (engineDown) throw engineDown
    return { version: '26.1.5', os: 'linux', architecture: 'amd64', kernel: '6.1' }
  },
  images: async () => [{ id: 'sha256:1', names: ['busybox:1.36'], sizeBytes: 7 }],
} as Partial<Runtime> as Runtime

async function start(client: Client = plane.client): Promise<void> {
  const informer = createInformer({ client, resource: nodes, clock: systemClock, log: silentLog })
  informer.start()
  // The first heartbeats are timers as well.
  const starting = startNode({
    client,
    nodes: informer,
    runtime,
    clock,
    log: silentLog,
    name: 'w',
    ip: '172.18.0.2',
    version: 'v1.36.0',
    capacity: { cpuMillis: 1_500, memoryBytes: 2 ** 30 },
    onReachable: () => void reached++,
    pressures: {
      current: () => pressures,
      onChange(listener) {
        pressuresChanged = listener
        return () => undefined
      },
    },
    measureDisk: async () => 100 * 2 ** 30,
  })
  let stopNode: Stop | undefined
  void starting.then((stopped) => (stopNode = stopped))
  while (!stopNode) await clock.advance(0)
  const stopBeating = stopNode
  stop = async () => {
    await stopBeating()
    informer.stop()
  }
}
const conditionsOf = ({ status }: Node): string[] =>
  (status?.conditions ?? []).filter(({ status: value }) => value === 'True').map(({ type }) => type)

test('a node reports its info and capacity, and is Ready', async () => {
  await start()
  const node = await plane.client.get(nodes, { name: 'w' })
  expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'w', 'kubernetes.io/os': 'linux' })
  expect(node.status?.capacity).toEqual({
    cpu: '1500m',
    memory: '1Gi',
    pods: '110',
    'ephemeral-storage': '100Gi',
  })
  expect(node.status?.addresses).toEqual([
    { type: 'InternalIP', address: '172.18.0.2' },
    { type: 'Hostname', address: 'w' },
  ])
  expect(node.status?.nodeInfo).toMatchObject({ kubeletVersion: 'v1.36.0', containerRuntimeVersion: 'docker://26.1.5' })
  expect(conditionsOf(node)).toEqual(['Ready'])
})

test('its lease is renewed, and has the node as owner', async () => {
  await start()
  const ref = { namespace: 'kube-node-lease', name: 'w' }
  const first = await plane.client.get(leases, ref)
  expect(first.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Node', name: 'w' })
  await clock.advance(10_000)
  await plane.until(leases, ([lease]) => lease !== undefined && lease.spec?.renewTime !== first.spec?.renewTime, {
    namespace: 'kube-node-lease',
  })
})

test('while nothing changes, the API server is asked for nothing: its lease is renewed', async () => {
  let gets = 0
  const client: Client = {
    ...plane.client,
    get: (...about) => {
      gets++
      return plane.client.get(...about)
    },
  }
  await start(client)
  await expect
    .poll(async () => {
      const before = gets
      await clock.advance(10_000)
      return gets - before
    })
    .toBe(0)
})

test('resources that others patched in stay', async () => {
  await start()
  const status = { capacity: { 'example.com/ship': '3' }, allocatable: { 'example.com/ship': '3' } }
  await plane.client.patch(nodes, { name: 'w' }, { type: 'strategic', body: { status } }, { subresource: 'status' })
  await plane.client.patch(nodes, { name: 'w' }, { type: 'merge', body: { metadata: { labels: { own: 'yes' } } } })
  await stop()
  await start()
  const node = await plane.client.get(nodes, { name: 'w' })
  expect(node.status?.allocatable?.['example.com/ship']).toBe('3')
  expect(node.metadata.labels?.own).toBe('yes')
})

test.each<[PressureCondition, string, string]>([
  ['DiskPressure', 'KubeletHasDiskPressure', 'kubelet has disk pressure'],
  ['MemoryPressure', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
  ['PIDPressure', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
])('%s is told at once, until it is over', async (type, reason, message) => {
  await start()
  pressures = [type]
  pressuresChanged()
  await clock.advance(0)
  const node = await plane.untilOne(nodes, 'w', (now) => conditionsOf(now).includes(type))
  expect(node.status?.conditions?.find((condition) => condition.type === type)).toMatchObject({ reason, message })
  pressures = []
  pressuresChanged()
  await clock.advance(0)
  await plane.untilOne(nodes, 'w', (now) => conditionsOf(now).join() === 'Ready')
})

test('without its engine it is not Ready, with the reason, and is Ready again afterwards', async () => {
  await start()
  engineDown = new Error('connect ENOENT /var/run/docker.sock')
  await clock.advance(10_000)
  const node = await plane.untilOne(nodes, 'w', (now) => conditionsOf(now).length === 0)
  expect(node.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'KubeletNotReady',
    message: 'container runtime is down: connect ENOENT /var/run/docker.sock',
  })
  expect(node.status?.nodeInfo?.containerRuntimeVersion).toBe('docker://26.1.5')
  engineDown = undefined
  await clock.advance(10_000)
  await plane.untilOne(nodes, 'w', (now) => conditionsOf(now).join() === 'Ready')
})

const unknown = (type: string) => ({ type, status: 'Unknown', reason: 'NodeStatusUnknown', lastTransitionTime: now() })
const now = (): string => timestamp(clock.now())

/** What node-lifecycle writes on a node whose lease has expired. */
async function declareLost(): Promise<void> {
  const status = { conditions: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map(unknown) }
  await plane.client.patch(nodes, { name: 'w' }, { type: 'strategic', body: { status } }, { subresource: 'status' })
}

test('a node that was declared lost corrects its status at once', async () => {
  await start()
  await clock.advance(20_000)
  await declareLost()
  await expect
    .poll(async () => {
      await clock.advance(0)
      return conditionsOf(await plane.client.get(nodes, { name: 'w' }))
    })
    .toEqual(['Ready'])
})

test('it tells when the API server is reached again, once', async () => {
  let cutOff = false
  const patch: Client['patch'] = (...call) => {
    if (cutOff) return Promise.reject(new Error('the tunnel to the control plane is down'))
    return plane.client.patch(...call)
  }
  await start({ ...plane.client, patch })
  cutOff = true
  await clock.advance(15_000)
  expect(reached).toBe(0)
  cutOff = false
  await expect
    .poll(async () => {
      await clock.advance(1_000)
      return reached
    })
    .toBe(1)
  await clock.advance(30_000)
  expect(reached).toBe(1)
})

test('changes of its status by others are overwritten with the next heartbeat', async () => {
  await start()
  const status = { capacity: { pods: '7' }, allocatable: { pods: '7' }, nodeInfo: { kernelVersion: 'forged' } }
  await plane.client.patch(nodes, { name: 'w' }, { type: 'strategic', body: { status } }, { subresource: 'status' })
  await clock.advance(10_000)
  await plane.untilOne(
    nodes,
    'w',
    (node) => node.status?.capacity?.pods === '110' && node.status.nodeInfo?.kernelVersion === '6.1',
  )
})

test('an unchanged status is not written again', async () => {
  await start()
  const before = await plane.client.get(nodes, { name: 'w' })
  for (let beat = 0; beat < 6; beat++) await clock.advance(10_000)
  expect((await plane.client.get(nodes, { name: 'w' })).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
})
