import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, isPodTerminal, podCondition, summarizePod } from '#shared/kube/pod.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import { events, leases, namespaces, nodes, pods } from '#shared/kube/resources.ts'
import { silentAnnotation, simulatedMark } from '#shared/kube/simulation.ts'
import { leaseNamespace, readyConditions } from './simulated-node.ts'
import { createSimulatedWorkers, type SimulatedWorkers } from './simulated-workers.ts'
import { systemClock } from '#shared/base/clock.ts'

let plane: TestControlPlane
let workers: SimulatedWorkers
const settings = new Map([
  ['start-delay', '5ms'],
  ['stop-delay', '5ms'],
  ['job-duration', '5ms'],
])
const create = (count: number, clock = systemClock): SimulatedWorkers =>
  createSimulatedWorkers({ client: plane.client, clock, log: silentLog, count, namePrefix: 'sim', settings })

beforeEach(async () => {
  plane = await startControlPlane()
  await plane.client.create(namespaces, { metadata: { name: leaseNamespace } })
  workers = create(2)
})
afterEach(async () => {
  await workers.stop()
  await plane.stop()
})

const placed = (name: string, spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Promise<Pod> =>
  plane.client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ...metadata },
    spec: {
      nodeName: 'sim-1',
      containers: [{ name: 'c', image: 'app:1' }],
      terminationGracePeriodSeconds: 30,
      ...spec,
    },
  })
const become = (name: string, accepts: (pod: Pod) => boolean): Promise<Stored<Pod>> =>
  plane.untilOne(pods, name, accepts)
const running = (name: string): Promise<Stored<Pod>> => become(name, isPodReady)
const gone = (name: string): Promise<unknown> =>
  plane.until(pods, (all) => all.every(({ metadata }) => metadata.name !== name))

describe('workers', () => {
  test('are registered, healthy, renew their leases, and say that they are simulated', async () => {
    await workers.start()
    const all = (await plane.client.list(nodes)).items
    expect(all.map(({ metadata }) => metadata.name).sort()).toEqual(['sim-1', 'sim-2'])
    for (const node of all) {
      expect(isNodeReady(node)).toBe(true)
      expect(node.metadata.labels?.[simulatedMark]).toBe('true')
      expect(node.metadata.annotations?.[simulatedMark]).toContain('pretend')
    }
    const lease = await plane.client.get(leases, { namespace: leaseNamespace, name: 'sim-1' })
    expect(lease.spec?.holderIdentity).toBe('sim-1')
    expect(new Set(all.map(({ status }) => status?.addresses?.[0]?.address)).size).toBe(2)
  })

  test('are found again after a restart', async () => {
    await workers.start()
    await workers.stop()
    workers = create(3)
    await workers.start()
    expect(workers.names().sort()).toEqual(['sim-1', 'sim-2', 'sim-3'])
  })

  test('renew their leases while they are not silent', async () => {
    await workers.stop()
    const clock: FakeClock = createFakeClock()
    workers = create(1, clock)
    await workers.start()
    const renewed = async (): Promise<string> =>
      (await plane.client.get(leases, { namespace: leaseNamespace, name: 'sim-1' })).spec?.renewTime ?? ''
    const first = await renewed()
    await clock.advance(11_000)
    const second = await renewed()
    expect(second > first).toBe(true)
    workers.silence('sim-1')
    await clock.advance(30_000)
    expect(await renewed()).toBe(second)
  })

  test('given up by the control plane, say that they are well when they wake', async () => {
    await workers.start()
    await placed('p')
    const pod = await running('p')
    workers.silence('sim-1')
    const node = await plane.client.get(nodes, { name: 'sim-1' })
    const conditions = readyConditions(0).map((condition) => ({ ...condition, status: 'Unknown' }))
    await plane.client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } })
    const unready = (pod.status?.conditions ?? []).map((each) =>
      each.type === 'Ready' ? { ...each, status: 'False' } : each,
    )
    await plane.client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions: unready } })
    await workers.wake('sim-1')
    await plane.until(nodes, (all) => all.length === 2 && all.every(isNodeReady))
    await running('p')
  })

  test('take their Node with them when they are removed', async () => {
    await workers.start()
    await workers.remove('sim-2')
    expect(workers.names()).toEqual(['sim-1'])
    await plane.until(nodes, (all) => all.length === 1)
  })
})

describe('pods', () => {
  beforeEach(() => workers.start())

  test('come up with what a kubelet would report', async () => {
    await placed('p', { initContainers: [{ name: 'i', image: 'init' }] })
    const { status } = await running('p')
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: expect.stringMatching(/^10\.\d+\.\d+\.\d+$/),
      hostIP: expect.stringMatching(/^172\./),
      startTime: expect.any(String),
      containerStatuses: [{ name: 'c', image: 'app:1', ready: true, started: true, restartCount: 0 }],
      initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    })
    expect(status?.conditions?.map(({ type, status: value }) => `${type}=${value}`).sort()).toEqual([
      'ContainersReady=True',
      'Initialized=True',
      'PodReadyToStartContainers=True',
      'PodScheduled=True',
      'Ready=True',
    ])
    expect(summarizePod(await running('p')).status).toBe('Running')
  })

  test('are seen creating their containers first', async () => {
    const seen: string[] = []
    const stop = plane.start(({ informers }) =>
      informers.share(pods).onChange({
        added: (pod) => seen.push(summarizePod(pod).status),
        updated: (_, pod) => seen.push(summarizePod(pod).status),
      }),
    )
    await placed('p')
    await running('p')
    await stop()
    expect(seen).toEqual(expect.arrayContaining(['Pending', 'ContainerCreating']))
  })

  test('have addresses of their own, those on the host network the node’s', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => placed(name)))
    await placed('h', { hostNetwork: true })
    const all = await plane.until(pods, (each) => each.length === 4 && each.every(isPodReady))
    expect(new Set(all.map(({ status }) => status?.podIP)).size).toBe(4)
    const host = all.find(({ metadata }) => metadata.name === 'h')
    expect(host?.status?.podIP).toBe(host?.status?.hostIP)
  })

  test('that are not restarted for ever complete, or fail when told to', async () => {
    await placed('done', { restartPolicy: 'Never' })
    await placed('broken', { restartPolicy: 'Never' }, { annotations: { 'simulated.slipway.dev/exit-code': '3' } })
    const done = await become('done', ({ status }) => status?.phase === 'Succeeded')
    expect(done.status?.containerStatuses?.[0]?.state).toEqual({
      terminated: expect.objectContaining({ exitCode: 0, reason: 'Completed' }),
    })
    expect(podCondition(done, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' })
    const broken = await become('broken', ({ status }) => status?.phase === 'Failed')
    expect(broken.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(3)
  })

  test('go when they are deleted, those with a finalizer after they said how they ended', async () => {
    await placed('p')
    await placed('held', {}, { finalizers: ['example.com/hold'] })
    await Promise.all([running('p'), running('held')])
    await plane.client.delete(pods, { namespace: 'default', name: 'p' })
    await plane.client.delete(pods, { namespace: 'default', name: 'held' })
    await gone('p')
    const ended = await become('held', ({ status }) => status?.phase === 'Failed')
    expect(ended.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143)
    await plane.client.patch(
      pods,
      { namespace: 'default', name: 'held' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    )
    await gone('held')
  })

  test('become ready when their gate opens', async () => {
    await placed('p', { readinessGates: [{ conditionType: 'example.com/open' }] })
    const closed = await become('p', ({ status }) => status?.phase === 'Running')
    expect(podCondition(closed, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' })
    await plane.client.patch(
      pods,
      { namespace: 'default', name: 'p' },
      { type: 'strategic', body: { status: { conditions: [{ type: 'example.com/open', status: 'True' }] } } },
      { subresource: 'status' },
    )
    await running('p')
  })

  test('fail, restart and are slow as their annotations say, and wrong ones are reported', async () => {
    await placed(
      'flaky',
      {},
      {
        annotations: {
          'simulated.slipway.dev/exit-code': '7',
          'simulated.slipway.dev/fail-runs': '1',
          'simulated.slipway.dev/ready-delay': 'soon',
        },
      },
    )
    const pod = await become(
      'flaky',
      (each) => isPodReady(each) && each.status?.containerStatuses?.[0]?.restartCount === 1,
    )
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error' })
    const [event] = await plane.until(events, (all) => all.some(({ reason }) => reason === 'InvalidSimulation'))
    expect(event?.message).toContain('ready-delay: "soon" is no duration')
  })

  test('go on after a restart of the control plane where they were', async () => {
    await placed(
      'p',
      {},
      { annotations: { 'simulated.slipway.dev/exit-code': '7', 'simulated.slipway.dev/fail-runs': '1' } },
    )
    const restarted = (pod: Pod): boolean => isPodReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1
    const before = await become('p', restarted)
    await workers.stop()
    workers = create(2)
    await workers.start()
    await placed('q')
    const after = await running('q')
    const same = await become('p', restarted)
    expect(same.status?.containerStatuses).toEqual(before.status?.containerStatuses)
    expect(after.status?.podIP).not.toBe(before.status?.podIP)
  })

  test('that have ended use nothing: completed, failed, or ended by the word of another', async () => {
    const measured = (): string[] => (workers.summary('sim-1')?.pods ?? []).map(({ podRef }) => podRef.name)
    await Promise.all([placed('runs'), placed('evicted'), placed('done', { restartPolicy: 'Never' })])
    await Promise.all([running('runs'), running('evicted'), become('done', isPodTerminal)])
    expect(measured().sort()).toEqual(['evicted', 'runs'])
    const status = { phase: 'Failed', reason: 'Evicted' }
    await plane.client.patch(
      pods,
      { namespace: 'default', name: 'evicted' },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    )
    await vi.waitFor(() => expect(measured()).toEqual(['runs']))
  })

  test('on a node whose annotation makes it silent stand still until it is gone', async () => {
    const annotate = (value: string | null): Promise<unknown> =>
      plane.client.patch(
        nodes,
        { name: 'sim-1' },
        { type: 'merge', body: { metadata: { annotations: { [silentAnnotation]: value } } } },
      )
    await annotate('true')
    await vi.waitFor(() => expect(workers.isSilent('sim-1')).toBe(true))
    await placed('p')
    await placed('other', { nodeName: 'sim-2' })
    await running('other')
    expect((await plane.client.get(pods, { namespace: 'default', name: 'p' })).status?.startTime).toBeUndefined()
    await annotate(null)
    await running('p')
  })

  test('of other nodes are left alone', async () => {
    await placed('foreign', { nodeName: 'real-1' })
    await placed('p')
    await running('p')
    const foreign = await plane.client.get(pods, { namespace: 'default', name: 'foreign' })
    expect(foreign.status?.containerStatuses).toBeUndefined()
  })
})
