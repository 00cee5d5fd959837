import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Event, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podCondition } from '#shared/kube/pod.ts'
import { events, nodes, persistentVolumeClaims, pods, storageClasses } from '#shared/kube/resources.ts'
import { configurationOf } from './configuration/read.ts'
import { node, pod, type PodOptions } from './scheduler.fixture.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'

let plane: TestControlPlane
let scheduler: Scheduler

beforeEach(async () => {
  plane = await startControlPlane()
  scheduler = createScheduler({ client: plane.client, clock: systemClock, log: silentLog })
})
afterEach(async () => {
  await scheduler.stop()
  await plane.stop()
})

const create = (name: string, options: PodOptions = {}): Promise<Stored<Pod>> => {
  const made = pod(name, options)
  const { uid: _, resourceVersion: __, ...metadata } = made.metadata
  return plane.client.create(pods, { ...made, metadata })
}
const nodeOf = (each: Pod): string | undefined => each.spec?.nodeName
const bound = (name: string): Promise<Stored<Pod>> => plane.untilOne(pods, name, (each) => nodeOf(each) !== undefined)
const refused = (name: string): Promise<Pod> =>
  plane.untilOne(pods, name, (each) => podCondition(each, 'PodScheduled')?.status === 'False')
const eventAbout = async (name: string, reason: string): Promise<Event> => {
  const found = await plane.until(events, (all) =>
    all.some((event) => event.involvedObject.name === name && event.reason === reason),
  )
  return found.find((event) => event.involvedObject.name === name && event.reason === reason)!
}

describe('scheduling', () => {
  test('binds pods that were there before and pods that come, and says so', async () => {
    await plane.client.create(nodes, node('n1'))
    await create('early')
    await scheduler.start()
    await create('late')
    expect([nodeOf(await bound('early')), nodeOf(await bound('late'))]).toEqual(['n1', 'n1'])
    expect(podCondition(await bound('late'), 'PodScheduled')?.status).toBe('True')
    expect(await eventAbout('late', 'Scheduled')).toMatchObject({
      type: 'Normal',
      message: 'Successfully assigned default/late to n1',
      source: { component: 'default-scheduler' },
    })
  })

  test('times the steps of an attempt, for the profile of the pod', async () => {
    const steps: string[] = []
    scheduler = createScheduler({
      client: plane.client,
      clock: systemClock,
      log: silentLog,
      onPoint: ({ point, status, profile }) => void steps.push(`${profile} ${point} ${status}`),
    })
    for (const name of ['n1', 'n2']) await plane.client.create(nodes, node(name))
    await scheduler.start()
    await create('small')
    await bound('small')
    await expect
      .poll(() => steps)
      .toEqual(
        ['PreFilter', 'Filter', 'Score', 'Reserve', 'PreBind', 'Bind'].map((p) => `default-scheduler ${p} Success`),
      )
    await create('large', { requests: { cpu: '64' } })
    await refused('large')
    expect(steps.slice(6)).toEqual(
      ['PreFilter Success', 'Filter Success', 'PostFilter Unschedulable'].map((p) => `default-scheduler ${p}`),
    )
  })

  test('never puts more on a node than it holds, even in a rush', async () => {
    for (const name of ['n1', 'n2', 'n3']) await plane.client.create(nodes, node(name, { allocatable: { pods: '10' } }))
    await scheduler.start()
    await Promise.all(Array.from({ length: 40 }, (_, index) => create(`p${index}`)))
    const all = await plane.until(pods, (each) =>
      each.every((one) => nodeOf(one) ?? podCondition(one, 'PodScheduled')?.status === 'False'),
    )
    const counts = new Map<string, number>()
    for (const each of all) counts.set(nodeOf(each) ?? '', (counts.get(nodeOf(each) ?? '') ?? 0) + 1)
    expect(Object.fromEntries(counts)).toEqual({ n1: 10, n2: 10, n3: 10, '': 10 })
  })

  test('leaves pods of other schedulers alone', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    await create('other', { schedulerName: 'mine' })
    await create('ours')
    await bound('ours')
    const other = await plane.client.get(pods, { namespace: 'default', name: 'other' })
    expect(nodeOf(other)).toBeUndefined()
  })
})

describe('profiles', () => {
  test('each schedules the pods that ask for it, with its own plugins and name', async () => {
    await scheduler.stop()
    const configuration = configurationOf(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  pluginConfig:
  - name: NodeResourcesFit
    args: { scoringStrategy: { type: MostAllocated } }
- schedulerName: careless
  plugins:
    filter: { disabled: [{ name: TaintToleration }] }
    score: { disabled: [{ name: '*' }] }
    postFilter: { disabled: [{ name: '*' }] }
`)
    scheduler = createScheduler({ client: plane.client, clock: systemClock, log: silentLog, configuration })
    await plane.client.create(nodes, node('full'))
    await plane.client.create(nodes, node('empty'))
    await plane.client.create(nodes, node('tainted', { taints: [{ key: 'k', effect: 'NoSchedule' }] }))
    await scheduler.start()
    await create('first', { requests: { cpu: '3', memory: '6Gi' }, nodeSelector: { 'kubernetes.io/hostname': 'full' } })
    await bound('first')
    await create('spread', { requests: { cpu: '100m', memory: '100Mi' } })
    await create('packed', { requests: { cpu: '100m', memory: '100Mi' }, schedulerName: 'packing' })
    await create('careless', { schedulerName: 'careless', nodeSelector: { 'kubernetes.io/hostname': 'tainted' } })
    await create('nobodys', { schedulerName: 'missing' })
    expect(nodeOf(await bound('spread'))).toBe('empty')
    expect(nodeOf(await bound('packed'))).toBe('full')
    expect(nodeOf(await bound('careless'))).toBe('tainted')
    expect(await eventAbout('packed', 'Scheduled')).toMatchObject({ source: { component: 'packing' } })
    await create('big', { schedulerName: 'careless', requests: { cpu: '9' } })
    expect(podCondition(await refused('big'), 'PodScheduled')?.message).toBe(
      '0/3 nodes are available: 3 Insufficient cpu.',
    )
    expect((await plane.client.get(pods, { namespace: 'default', name: 'nobodys' })).status?.conditions).toBeUndefined()
  })
})

describe('a pod that fits nowhere', () => {
  test('is told why, in condition and event', async () => {
    const tainted = node('tainted', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] })
    for (const each of [tainted, node('full-1'), node('full-2')]) await plane.client.create(nodes, each)
    await scheduler.start()
    await create('big', { requests: { cpu: '100' } })
    const message =
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, ' +
      'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
    expect(podCondition(await refused('big'), 'PodScheduled')).toMatchObject({ reason: 'Unschedulable', message })
    expect(await eventAbout('big', 'FailedScheduling')).toMatchObject({ type: 'Warning', message })
  })

  test('gets its node as soon as one comes', async () => {
    await scheduler.start()
    await create('p')
    expect(podCondition(await refused('p'), 'PodScheduled')?.message).toBe('no nodes available to schedule pods')
    await plane.client.create(nodes, node('n1'))
    expect(nodeOf(await bound('p'))).toBe('n1')
  })

  test('takes the place of one that is deleted, and of one that has ended', async () => {
    await plane.client.create(nodes, node('n1', { allocatable: { pods: '2' } }))
    await scheduler.start()
    await create('a')
    await bound('a')
    const b = await create('b').then(() => bound('b'))
    await create('c')
    await create('d')
    await refused('c')
    await refused('d')
    await plane.client.delete(pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 })
    await plane.client.updateStatus(pods, { ...b, status: { ...b.status, phase: 'Succeeded' } })
    await Promise.all([bound('c'), bound('d')])
  })

  test('follows the pod that it wants to be near, once that one is placed', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    const near = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } },
        ],
      },
    }
    await create('follower', { affinity: near })
    await refused('follower')
    await create('db', { labels: { app: 'db' } })
    expect(nodeOf(await bound('follower'))).toBe('n1')
  })

  test('is placed where another one is resized to less', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    await create('large', { requests: { cpu: '3' } })
    const large = await bound('large')
    const holding = (cpu: string) => [
      {
        name: 'c',
        image: 'app',
        imageID: '',
        ready: true,
        restartCount: 0,
        allocatedResources: { cpu },
        resources: { requests: { cpu } },
      },
    ]
    await plane.client.updateStatus(pods, { ...large, status: { ...large.status, containerStatuses: holding('3') } })
    await create('waiting', { requests: { cpu: '2' } })
    await refused('waiting')
    const ref = { namespace: 'default', name: 'large' }
    await plane.client.patch(
      pods,
      ref,
      { type: 'strategic', body: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } } },
      { subresource: 'resize' },
    )
    // The node still holds three cores for it: a pod that comes later is told so.
    await create('later', { requests: { cpu: '2' } })
    await refused('later')
    expect(nodeOf(await plane.client.get(pods, { ...ref, name: 'waiting' }))).toBeUndefined()
    const resized = await plane.client.get(pods, ref)
    await plane.client.updateStatus(pods, {
      ...resized,
      status: { ...resized.status, containerStatuses: holding('1') },
    })
    await plane.client.delete(pods, { ...ref, name: 'later' }, { gracePeriodSeconds: 0 })
    expect(nodeOf(await bound('waiting'))).toBe('n1')
  })

  test('is placed when its gate is lifted', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    await create('gated', { schedulingGates: [{ name: 'example.com/wait' }] })
    await create('free')
    await bound('free')
    const gated = await plane.client.get(pods, { namespace: 'default', name: 'gated' })
    expect(nodeOf(gated)).toBeUndefined()
    await plane.client.patch(
      pods,
      { namespace: 'default', name: 'gated' },
      { type: 'json', body: [{ op: 'remove', path: '/spec/schedulingGates/0' }] },
    )
    expect(nodeOf(await bound('gated'))).toBe('n1')
  })
})

describe('preemption', () => {
  const ref = (name: string) => ({ namespace: 'default', name })
  const finalizers = ['example.com/hold']
  /** A pod that stays after its deletion until it is released. */
  const held = async (name: string, priority: number, cpu: string): Promise<Pod> => {
    const made = pod(name, { priority, requests: { cpu }, terminationGracePeriodSeconds: 0 })
    const { uid: _, resourceVersion: __, ...metadata } = made.metadata
    await plane.client.create(pods, { ...made, metadata: { ...metadata, finalizers } })
    return bound(name)
  }
  const release = (name: string) =>
    plane.client.patch(pods, ref(name), { type: 'merge', body: { metadata: { finalizers: null } } })

  test('ends the victim gracefully, nominates the node, and takes it once the victim is gone', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    await held('victim', 0, '3')
    const high = await create('high', { priority: 1000, requests: { cpu: '2' } })
    const nominated = await plane.untilOne(pods, 'high', ({ status }) => status?.nominatedNodeName !== undefined)
    expect(nominated.status?.nominatedNodeName).toBe('n1')
    expect(podCondition(nominated, 'PodScheduled')?.message).toBe('0/1 nodes are available: 1 Insufficient cpu.')
    const victim = await plane.untilOne(pods, 'victim', ({ metadata }) => metadata.deletionTimestamp !== undefined)
    expect(podCondition(victim, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    })
    expect(await eventAbout('victim', 'Preempted')).toMatchObject({
      type: 'Normal',
      message: `Preempted by pod ${high.metadata.uid ?? ''} on node n1`,
    })
    const waiting = '1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to a terminating pod'
    await plane.untilOne(
      pods,
      'high',
      (each) => podCondition(each, 'PodScheduled')?.message?.includes(waiting) === true,
    )
    await release('victim')
    const placed = await bound('high')
    expect([nodeOf(placed), placed.status?.nominatedNodeName]).toEqual(['n1', undefined])
  })

  test('keeps the room that is being made from less important pods', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    await held('victim', 0, '3')
    await create('high', { priority: 1000, requests: { cpu: '3' } })
    await plane.untilOne(pods, 'high', ({ status }) => status?.nominatedNodeName === 'n1')
    await create('low', { priority: 10, requests: { cpu: '2' } })
    await refused('low')
    await release('victim')
    await bound('high')
    expect(nodeOf(await plane.client.get(pods, ref('low')))).toBeUndefined()
  })

  test('a more important pod takes over the node, and the first one looks elsewhere', async () => {
    await plane.client.create(nodes, node('n1'))
    await scheduler.start()
    await held('victim', 0, '3')
    await create('high', { priority: 1000, requests: { cpu: '3' } })
    await plane.untilOne(pods, 'high', ({ status }) => status?.nominatedNodeName === 'n1')
    await create('higher', { priority: 2000, requests: { cpu: '3' }, nodeSelector: { 'kubernetes.io/hostname': 'n1' } })
    await plane.untilOne(pods, 'higher', ({ status }) => status?.nominatedNodeName === 'n1')
    await plane.untilOne(pods, 'high', ({ status }) => status?.nominatedNodeName === undefined)
    await plane.client.create(nodes, node('n2'))
    expect(nodeOf(await bound('high'))).toBe('n2')
    await release('victim')
    expect(nodeOf(await bound('higher'))).toBe('n1')
  })
})

test('a pod waits for the volume of its node, and no other pod waits for it', async () => {
  await plane.client.create(nodes, node('n1'))
  await plane.client.create(storageClasses, {
    metadata: { name: 'late' },
    provisioner: 'example.com/late',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await plane.client.create(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'late', resources: { requests: { storage: '1Gi' } } },
  })
  await scheduler.start()
  await create('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] })
  const selected = 'volume.kubernetes.io/selected-node'
  const claim = await plane.untilOne(
    persistentVolumeClaims,
    'data',
    ({ metadata }) => metadata.annotations?.[selected] !== undefined,
  )
  expect(claim.metadata.annotations?.[selected]).toBe('n1')
  await plane.untilOne(pods, 'p', ({ status }) => status?.nominatedNodeName === 'n1')
  await create('other')
  await bound('other')
  expect(nodeOf(await plane.client.get(pods, { namespace: 'default', name: 'p' }))).toBeUndefined()
  const body = {
    metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: { volumeName: 'v1' },
  }
  await plane.client.patch(persistentVolumeClaims, { namespace: 'default', name: 'data' }, { type: 'merge', body })
  expect(nodeOf(await bound('p'))).toBe('n1')
})

test('after a restart, what is placed still counts', async () => {
  await plane.client.create(nodes, node('n1', { allocatable: { pods: '1' } }))
  await scheduler.start()
  await create('a')
  await bound('a')
  await scheduler.stop()
  scheduler = createScheduler({ client: plane.client, clock: systemClock, log: silentLog })
  await scheduler.start()
  await create('b')
  expect(podCondition(await refused('b'), 'PodScheduled')?.message).toBe(
    '0/1 nodes are available: 1 Too many pods. no new claims to deallocate, ' +
      'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  )
})
