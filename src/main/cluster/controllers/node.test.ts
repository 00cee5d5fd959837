import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Node, Pod, Toleration } from '#shared/kube/generated/types.ts'
import { leases, namespaces, nodes, pods } from '#shared/kube/resources.ts'
import { microTimestamp, timestamp } from '#shared/kube/timestamp.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startNodeIpam } from './node-ipam.ts'
import { startNodeLifecycle } from './node-lifecycle.ts'
import { startPodGc } from './pod-gc.ts'
import { startTaintEviction } from './taint-eviction.ts'

let plane: TestControlPlane
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  await plane.client.create(namespaces, { metadata: { name: 'kube-node-lease' } })
})
afterEach(() => plane.stop())

it('gives every node its own pod addresses, and again what has come free', async () => {
  plane.start((context) => startNodeIpam(context, { podCIDRs: ['10.244.0.0/22'] }))
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => plane.client.create(nodes, { metadata: { name } })))
  const given = await plane.until(nodes, (all) => all.filter(({ spec }) => spec?.podCIDR).length === 4)
  const shares = given.map(({ spec }) => spec?.podCIDR).filter(Boolean)
  expect(new Set(shares)).toEqual(new Set(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']))
  const waiting = given.find(({ spec }) => !spec?.podCIDR)?.metadata.name ?? ''
  const leaving = given.find(({ spec }) => spec?.podCIDR === '10.244.2.0/24')?.metadata.name ?? ''
  await plane.client.delete(nodes, { name: leaving })
  await plane.untilOne(nodes, waiting, ({ spec }) => spec?.podCIDR === '10.244.2.0/24')
})

it('gives the nodes of a dual-stack cluster a share of either family', async () => {
  plane.start((context) => startNodeIpam(context, { podCIDRs: ['10.244.0.0/16', 'fd00:10:244::/56'] }))
  for (const name of ['a', 'b']) await plane.client.create(nodes, { metadata: { name } })
  const given = await plane.until(nodes, (all) => all.filter(({ spec }) => spec?.podCIDR).length === 2)
  expect(given.map(({ spec }) => spec?.podCIDRs).sort()).toEqual([
    ['10.244.0.0/24', 'fd00:10:244::/64'],
    ['10.244.1.0/24', 'fd00:10:244:1::/64'],
  ])
  expect(given.map(({ spec }) => spec?.podCIDR).sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24'])
})

it('declares a silent node unknown, taints it and its pods, and takes it all back when it is heard again', async () => {
  plane.start(startNodeLifecycle)
  await register('lost')
  await register('alive')
  await plane.client.create(pods, { ...pod('web'), spec: { ...pod('web').spec!, nodeName: 'lost' } })
  await setPodReady('web')
  await settle()

  for (let beat = 0; beat < 5; beat++) {
    await clock.advance(10_000)
    await heartbeat('alive')
  }
  const lost = await plane.untilOne(nodes, 'lost', ({ spec }) => spec?.taints?.length === 2)
  expect(lost.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
  ])
  expect(lost.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  })
  await plane.untilOne(pods, 'web', ({ status }) => status?.conditions?.[0]?.status === 'False')
  const alive = await plane.client.get(nodes, { name: 'alive' })
  expect(alive.spec?.taints ?? []).toEqual([])

  await postReady('lost', 'True')
  await plane.untilOne(nodes, 'lost', ({ spec }) => (spec?.taints ?? []).length === 0)
})

it('does not evict from anywhere while no node at all is heard of', async () => {
  plane.start(startNodeLifecycle)
  await register('a')
  await register('b')
  await settle()
  await clock.advance(41_000)
  const both = await plane.until(nodes, (all) => all.every(({ spec }) => (spec?.taints?.length ?? 0) > 0))
  expect(both.flatMap(({ spec }) => spec?.taints?.map(({ effect }) => effect) ?? [])).toEqual([
    'NoSchedule',
    'NoSchedule',
  ])
  // With one node back there is somewhere to go.
  await postReady('a', 'True')
  await plane.untilOne(nodes, 'b', ({ spec }) => spec?.taints?.some(({ effect }) => effect === 'NoExecute') ?? false)
})

it("takes a sleep of the whole machine for nobody's fault", async () => {
  plane.start(startNodeLifecycle)
  await register('a')
  await register('b')
  await settle()
  await clock.sleep(3_600_000)
  await clock.advance(39_000)
  for (const { spec } of (await plane.client.list(nodes)).items) expect(spec?.taints ?? []).toEqual([])
  await clock.advance(2_000)
  await plane.until(nodes, (all) => all.every(({ spec }) => (spec?.taints?.length ?? 0) > 0))
})

it('taints by conditions and cordon, and leaves other taints alone', async () => {
  plane.start(startNodeLifecycle)
  await plane.client.create(nodes, {
    metadata: { name: 'a' },
    spec: { taints: [{ key: 'mine', effect: 'NoSchedule' }] },
  })
  await postReady('a', 'False')
  await plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { unschedulable: true } } })
  const tainted = await plane.untilOne(nodes, 'a', ({ spec }) => spec?.taints?.length === 3)
  expect(tainted.spec?.taints?.map(({ key }) => key)).toEqual([
    'mine',
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/unschedulable',
  ])
  await postReady('a', 'True')
  await plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { unschedulable: null } } })
  const after = await plane.untilOne(nodes, 'a', ({ spec }) => spec?.taints?.length === 1)
  expect(after.spec?.taints?.[0]?.key).toBe('mine')
})

it('evicts from a NoExecute taint at once, after tolerationSeconds, or never', async () => {
  plane.start(startTaintEviction)
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  const key = 'node.kubernetes.io/unreachable'
  const tolerations: Record<string, Toleration[]> = {
    intolerant: [],
    patient: [{ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
    daemon: [{ key, operator: 'Exists', effect: 'NoExecute' }],
  }
  for (const [name, list] of Object.entries(tolerations))
    await plane.client.create(pods, { ...pod(name), spec: { ...pod(name).spec!, nodeName: 'a', tolerations: list } })
  const taint = { key, effect: 'NoExecute', timeAdded: timestamp(clock.now()) }
  await plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { taints: [taint] } } })
  const marked = await plane.untilOne(pods, 'intolerant', ({ metadata }) => metadata.deletionTimestamp !== undefined)
  expect(marked.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }),
  )
  await clock.advance(299_000)
  expect(
    (await plane.client.get(pods, { namespace: 'default', name: 'patient' })).metadata.deletionTimestamp,
  ).toBeUndefined()
  await clock.advance(1_000)
  await plane.untilOne(pods, 'patient', ({ metadata }) => metadata.deletionTimestamp !== undefined)
  await clock.advance(3_600_000)
  expect(
    (await plane.client.get(pods, { namespace: 'default', name: 'daemon' })).metadata.deletionTimestamp,
  ).toBeUndefined()
})

const setTaints = (taints: object[]): Promise<Node> =>
  plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { taints } } })
const isLeaving = async (name: string): Promise<boolean> =>
  (await plane.client.get(pods, { namespace: 'default', name })).metadata.deletionTimestamp !== undefined
const tolerating = (name: string, key: string, tolerationSeconds: number): Pod => ({
  ...pod(name),
  spec: {
    containers: [{ name: 'web', image: 'nginx' }],
    nodeName: 'a',
    tolerations: [{ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }],
  },
})

it.each([
  ['a NoExecute taint without timeAdded, as kubectl sets it', { key: 'k', value: 'v' }],
  ['one without a value', { key: 'k' }],
  ['one with a timeAdded', { key: 'k', timeAdded: '2026-01-01T00:00:00Z' }],
])('counts tolerationSeconds once from %s, whatever else changes on the node', async (_what, part) => {
  const taint = { ...part, effect: 'NoExecute' }
  plane.start(startTaintEviction)
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  await plane.client.create(pods, tolerating('web', 'k', 3))
  await setTaints([taint])
  await settle()
  await clock.advance(2_000)
  // Another taint has the pod looked at again.
  await setTaints([taint, { key: 'other', effect: 'NoSchedule' }])
  await settle()
  await clock.advance(900)
  expect(await isLeaving('web')).toBe(false)
  await clock.advance(100)
  await plane.untilOne(pods, 'web', ({ metadata }) => metadata.deletionTimestamp !== undefined)
})

it('counts anew where a taint without timeAdded was taken away and is back', async () => {
  plane.start(startTaintEviction)
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  await plane.client.create(pods, tolerating('web', 'k', 10))
  for (const taints of [[{ key: 'k', effect: 'NoExecute' }], [], [{ key: 'k', effect: 'NoExecute' }]]) {
    await setTaints(taints)
    await settle()
    await clock.advance(6_000)
  }
  expect(await isLeaving('web')).toBe(false)
  await clock.advance(4_000)
  await plane.untilOne(pods, 'web', ({ metadata }) => metadata.deletionTimestamp !== undefined)
})

it('gives a pod its whole time that comes to a node which was tainted before', async () => {
  plane.start(startTaintEviction)
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  await setTaints([{ key: 'k', effect: 'NoExecute', timeAdded: timestamp(clock.now()) }])
  await clock.advance(3_600_000)
  await plane.client.create(pods, tolerating('late', 'k', 10))
  await settle()
  await clock.advance(9_000)
  expect(await isLeaving('late')).toBe(false)
  await clock.advance(1_000)
  await plane.untilOne(pods, 'late', ({ metadata }) => metadata.deletionTimestamp !== undefined)
})

it('spares a pod whose node recovers in time', async () => {
  plane.start(startTaintEviction)
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  const key = 'node.kubernetes.io/unreachable'
  const tolerations = [{ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }]
  await plane.client.create(pods, { ...pod('web'), spec: { ...pod('web').spec!, nodeName: 'a', tolerations } })
  const taint = { key, effect: 'NoExecute', timeAdded: timestamp(clock.now()) }
  await plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { taints: [taint] } } })
  await settle()
  await clock.advance(200_000)
  await plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { taints: null } } })
  await settle()
  await clock.advance(200_000)
  expect(
    (await plane.client.get(pods, { namespace: 'default', name: 'web' })).metadata.deletionTimestamp,
  ).toBeUndefined()
})

it('force-deletes the pods of a node that is gone for good, after its quarantine', async () => {
  plane.start((context) => startPodGc(context, { quarantineMs: 5_000 }))
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  await plane.client.create(nodes, { metadata: { name: 'b' } })
  for (const node of ['a', 'b'])
    await plane.client.create(pods, { ...pod(`on-${node}`), spec: { ...pod('').spec!, nodeName: node } })
  await settle()
  await plane.client.delete(nodes, { name: 'a' })
  await settle()
  await clock.advance(4_000)
  expect((await plane.client.list(pods)).items).toHaveLength(2)
  await clock.advance(1_000)
  const [left] = await plane.until(pods, (all) => all.length === 1)
  expect(left?.metadata.name).toBe('on-b')
})

it('ends the deleted pods of a node that is out of service and not ready, without calling them disrupted', async () => {
  plane.start(startPodGc)
  const taints = [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }]
  await register('a')
  await plane.client.patch(nodes, { name: 'a' }, { type: 'merge', body: { spec: { taints } } })
  const finalizers = ['example.com/watch']
  await plane.client.create(pods, {
    ...pod('web'),
    metadata: { ...pod('web').metadata, finalizers },
    spec: { ...pod('').spec!, nodeName: 'a', terminationGracePeriodSeconds: 30 },
  })
  await plane.client.delete(pods, { namespace: 'default', name: 'web' })
  await settle()
  const going = await plane.client.get(pods, { namespace: 'default', name: 'web' })
  expect(going.status?.phase).toBe('Pending')
  await postReady('a', 'Unknown')
  const ended = await plane.untilOne(pods, 'web', ({ status }) => status?.phase === 'Failed')
  expect(ended.status?.conditions?.filter(({ type }) => type === 'DisruptionTarget') ?? []).toEqual([])
})

it('keeps the youngest of too many finished pods', async () => {
  plane.start((context) => startPodGc(context, { terminatedThreshold: 2 }))
  await plane.client.create(nodes, { metadata: { name: 'a' } })
  for (const name of ['first', 'second', 'third']) {
    await clock.advance(1000)
    const created = await plane.client.create(pods, { ...pod(name), spec: { ...pod(name).spec!, nodeName: 'a' } })
    await plane.client.updateStatus(pods, { ...created, status: { phase: 'Succeeded' } })
  }
  const left = await plane.until(pods, (all) => all.length === 2)
  expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(['second', 'third'])
})

async function register(name: string): Promise<void> {
  await plane.client.create(nodes, { metadata: { name } })
  await postReady(name, 'True')
  await plane.client.create(leases, {
    metadata: { name, namespace: 'kube-node-lease' },
    spec: { holderIdentity: name, renewTime: microTimestamp(clock.now()) },
  })
}

const heartbeat = (name: string): Promise<unknown> =>
  plane.client.patch(
    leases,
    { namespace: 'kube-node-lease', name },
    { type: 'merge', body: { spec: { renewTime: microTimestamp(clock.now()) } } },
  )

function postReady(name: string, status: string): Promise<Node> {
  const now = timestamp(clock.now() + 1000)
  const condition = {
    type: 'Ready',
    status,
    reason: 'Kubelet',
    message: '',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }
  const body = { status: { conditions: [condition] } }
  return plane.client.patch(nodes, { name }, { type: 'merge', body }, { subresource: 'status' })
}

const setPodReady = (name: string): Promise<Pod> =>
  plane.client.patch(
    pods,
    { namespace: 'default', name },
    { type: 'merge', body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } } },
    { subresource: 'status' },
  )

const pod = (name: string): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'web', image: 'nginx' }] },
})
