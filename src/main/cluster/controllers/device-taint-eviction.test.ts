import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { DeviceTaint, DeviceToleration, ResourceSlice } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { events, pods, resourceClaims, resourceSlices } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { startDeviceTaintEviction } from './device-taint-eviction.ts'

const driver = 'gpu.example.com'
const broken: DeviceTaint = { key: 'broken', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }

let plane: TestControlPlane
let clock: FakeClock
let slice: Stored<ResourceSlice>
beforeEach(async () => {
  clock = createFakeClock(Date.parse('2026-01-01T00:00:10Z'))
  plane = await startControlPlane()
  plane.start((context) => startDeviceTaintEviction({ ...context, clock }))
  slice = await plane.client.create(resourceSlices, {
    metadata: { name: 'n1' },
    spec: {
      driver,
      nodeName: 'n1',
      pool: { name: 'n1', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'a' }, { name: 'b' }],
    },
  })
})
afterEach(() => plane.stop())

/** A pod on n1 with a claim of the device. */
async function use(name: string, device: string, tolerations: DeviceToleration[] = []): Promise<void> {
  const { client } = plane
  const pod = await client.create(pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'n1',
      terminationGracePeriodSeconds: 30,
      containers: [{ name: 'c', image: 'x' }],
      resourceClaims: [{ name: 'gpu', resourceClaimName: name }],
    },
  })
  const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu' } }]
  const claim = await client.create(resourceClaims, {
    metadata: { name, namespace: 'default' },
    spec: { devices: { requests } },
  })
  const results = [{ driver, pool: 'n1', device, request: 'r', tolerations }]
  const reservedFor = [{ resource: 'pods', name, uid: pod.metadata.uid }]
  await client.updateStatus(resourceClaims, { ...claim, status: { allocation: { devices: { results } }, reservedFor } })
}

async function taint(device: string, ...taints: DeviceTaint[]): Promise<void> {
  const devices = slice.spec.devices?.map((each) => (each.name === device ? { ...each, taints } : each)) ?? []
  slice = await plane.client.update(resourceSlices, { ...slice, spec: { ...slice.spec, devices } })
}

const evicted = (name: string) => plane.untilOne(pods, name, ({ metadata }) => metadata.deletionTimestamp !== undefined)
const isStaying = async (name: string): Promise<boolean> =>
  (await plane.client.get(pods, { namespace: 'default', name })).metadata.deletionTimestamp === undefined

it('evicts the pods that use a device with a NoExecute taint, and says why', async () => {
  await use('first', 'a')
  await use('second', 'b')
  await taint('a', { ...broken, effect: 'NoSchedule' })
  await taint('a', broken)
  const pod = await evicted('first')
  expect(pod.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByDeviceTaintManager',
      message: 'Device Taint manager: deleting due to NoExecute taint',
    }),
  )
  const [event] = await plane.until(events, (all) => all.length > 0)
  expect(event).toMatchObject({
    reason: 'DeviceTaintManagerEviction',
    message: 'Marking for deletion',
    source: { component: 'device-taint-eviction-controller' },
  })
  expect(await isStaying('second')).toBe(true)
})

it('keeps a pod as long as its claim tolerates the taint', async () => {
  await use('limited', 'a', [{ key: 'broken', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }])
  await use('unlimited', 'b', [{ operator: 'Exists', effect: 'NoExecute' }])
  await taint('b', broken)
  await taint('a', broken)
  await vi.waitFor(() => expect(clock.pending).toBe(1))
  await clock.advance(49_000)
  expect(await isStaying('limited')).toBe(true)
  await clock.advance(1_000)
  await evicted('limited')
  expect(await isStaying('unlimited')).toBe(true)
})

it('keeps a pod whose device loses its taint in time, and says so', async () => {
  await use('limited', 'a', [{ key: 'broken', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }])
  await taint('a', broken)
  await vi.waitFor(() => expect(clock.pending).toBe(1))
  await taint('a')
  await plane.until(events, (all) => all.some(({ message }) => message === 'Cancelling deletion'))
  expect(await isStaying('limited')).toBe(true)
})
