import { createFakeMounts } from '#test/support/fake-mounts.ts'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { ContainerState, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { createFakeEngine, type FakeEngine } from '#test/support/fake-engine.ts'
import { ImageFailed, type Images } from '../images.ts'
import type { Refusal } from './admission.ts'
import { createStarts, type Starts } from '../starts.ts'
import { PodWorker } from './pod-worker.ts'
import type { PodContext } from './scope.ts'

let plane: TestControlPlane
let clock: FakeClock
let root: string
let engine: FakeEngine
let worker: PodWorker | undefined
let missingImages: Set<string>
let events: string[]
let starts: Starts
let logged: string[]
let resizeRefusal: Refusal | undefined
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  root = await mkdtemp(join(tmpdir(), 'slipway-pods-'))
  engine = createFakeEngine(clock, { onChange: () => worker?.kick() })
  missingImages = new Set()
  events = []
  starts = createStarts(clock)
  logged = []
  resizeRefusal = undefined
})
afterEach(async () => {
  worker?.stop()
  await plane.stop()
  await rm(root, { recursive: true })
})

async function run(spec: Partial<PodSpec> = {}, refusal?: Refusal): Promise<void> {
  const created = await plane.client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'w', containers: [{ name: 'c', image: 'app:1' }], ...spec },
  })
  const image = { id: 'sha256:1', digest: 'sha256:1', user: '', env: [], sizeBytes: 7 }
  const images: Images = {
    present: async ({ image: name = '' }) => (missingImages.has(name) ? undefined : { image }),
    copy: async () => undefined,
    forget: () => undefined,
    forgetImage: () => undefined,
    forgetAll: () => undefined,
    async ensure({ image: name = '' }) {
      if (missingImages.has(name)) throw new ImageFailed('ErrImagePull', `Failed to pull image "${name}"`, name)
      return { image, pulledMs: 5 }
    },
  }
  const context: PodContext = {
    runtime: engine.runtime,
    images,
    network: {
      attach: async () => ({ ip: '10.244.0.2' }),
      detach: async () => undefined,
      handOver: async () => undefined,
    },
    client: plane.client,
    recorder: {
      event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`),
      flush: async () => undefined,
    },
    clock,
    starts,
    log: { ...silentLog, warn: (message) => void logged.push(message) },
    root,
    mounts: createFakeMounts(),
    node: { name: 'w', ip: '172.18.0.2', cpuMillis: 2_000, memoryBytes: 2 ** 30 },
    dns: {
      clusterDns: '10.96.0.10',
      clusterDomain: 'cluster.local',
      host: { nameservers: [], searches: [], options: [] },
    },
    services: () => [],
    resizeRefusal: () => resizeRefusal,
  }
  worker = new PodWorker(created, context, refusal && (async () => refusal))
  worker.kick()
}
/** Resolves with the pod once its status of container `c` is accepted. */
const until = (accepts: (state: ContainerState, pod: Pod) => boolean): Promise<Stored<Pod>> =>
  plane.untilOne(pods, 'p', (pod) => accepts(pod.status?.containerStatuses?.[0]?.state ?? {}, pod))
const running = (attempt: number): Promise<Pod> =>
  until(
    ({ running: runs }, { status }) => runs !== undefined && status?.containerStatuses?.[0]?.restartCount === attempt,
  )

describe('a container that ends', () => {
  test('is restarted at once, then after 10 s, 20 s …', async () => {
    await run()
    await running(0)
    engine.end('c', 1)
    await running(1)
    for (const [attempt, seconds] of [
      [2, 10],
      [3, 20],
      [4, 40],
    ] as const) {
      engine.end('c', 1)
      const waiting = await until(({ waiting }) => waiting?.reason === 'CrashLoopBackOff')
      expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain(`back-off ${seconds}s`)
      await clock.advance(seconds * 1_000 - 1_500)
      expect(engine.running('c')).toEqual([])
      await clock.advance(1_600)
      await running(attempt)
    }
    expect(engine.attempts('c')).toEqual([3, 4])
  })

  test.each<[string, number, string]>([
    ['Never', 0, 'Succeeded'],
    ['Never', 3, 'Failed'],
    ['OnFailure', 0, 'Succeeded'],
  ])('with restartPolicy %s and exit code %i makes the pod %s', async (restartPolicy, exitCode, phase) => {
    await run({ restartPolicy })
    await running(0)
    engine.end('c', exitCode)
    await until((_state, { status }) => status?.phase === phase)
    expect(engine.attempts('c')).toEqual([0])
  })
})

test('a rule of one container restarts all, init containers first, without hooks and grace', async () => {
  const image = 'app:1'
  const action = 'RestartAllContainers'
  const rules = [{ action, exitCodes: { operator: 'In', values: [7] } }]
  await run({
    restartPolicy: 'Never',
    initContainers: [{ name: 'i', image }],
    containers: [
      { name: 'c', image, restartPolicy: 'Never', restartPolicyRules: rules },
      { name: 'd', image, lifecycle: { preStop: { exec: { command: ['hook'] } } } },
    ],
  })
  await expect.poll(() => engine.running('i')).toHaveLength(1)
  engine.end('i', 0)
  await running(0)
  engine.end('c', 7)
  await expect.poll(() => engine.attempts('i')).toEqual([0, 1])
  expect([engine.stops, engine.running('c'), engine.running('d'), engine.commands]).toEqual([[['d', 0]], [], [], []])
  engine.end('i', 0)
  const pod = await running(1)
  await expect.poll(() => engine.attempts('d')).toEqual([0, 1])
  expect(pod.status?.phase).not.toBe('Failed')
})

describe('a reboot of the worker', () => {
  test('restarts what runs always, and counts the restart', async () => {
    await run()
    await running(0)
    engine.reboot()
    const pod = await running(1)
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(255)
  })

  test('does not restart what runs once', async () => {
    await run({ restartPolicy: 'Never' })
    await running(0)
    engine.reboot()
    await until((_state, { status }) => status?.phase === 'Failed')
    expect(engine.attempts('c')).toEqual([0])
  })
})

test('the status of a container that ends during the pass holds its termination message', async () => {
  const { startContainer } = engine.runtime
  engine.runtime.startContainer = async (id) => {
    const started = await startContainer(id)
    if (started.sandbox) return started
    const [uid = ''] = await readdir(join(root, 'pods'))
    await writeFile(join(root, 'pods', uid, 'containers/c/0'), 'bye')
    engine.end('c', 0)
    return started
  }
  await run({ restartPolicy: 'Never' })
  const pod = await until(({ terminated }) => terminated !== undefined)
  expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.message).toBe('bye')
})

test('a failing image pull backs off, and holds no other container up', async () => {
  missingImages.add('lost:1')
  await run({
    containers: [
      { name: 'c', image: 'lost:1' },
      { name: 'd', image: 'app:1' },
    ],
  })
  await until(({ waiting }) => waiting?.reason === 'ErrImagePull')
  await expect.poll(() => engine.running('d').length).toBe(1)
  await clock.advance(2_000)
  await until(({ waiting }) => waiting?.reason === 'ImagePullBackOff')
  missingImages.clear()
  worker?.kick()
  await clock.advance(7_000)
  expect(engine.running('c')).toEqual([])
  await clock.advance(1_000)
  await running(0)
  expect(events).toContain('BackOff: Back-off pulling image "lost:1"')
})

test('a pod that its node does not run fails, without containers', async () => {
  const message = "Node didn't have enough resource: cpu, requested: 2, used: 1, capacity: 2"
  await run({}, { reason: 'OutOfcpu', message })
  const { status } = await plane.untilOne(pods, 'p', (pod) => pod.status?.phase === 'Failed')
  expect(status).toMatchObject({ reason: 'OutOfcpu', message: `Pod was rejected: ${message}` })
  expect(status?.containerStatuses).toBeUndefined()
  expect(events).toEqual([`OutOfcpu: ${message}`])
  expect(engine.all()).toEqual([])
})

test('an evicted pod ends within a second or two, and fails', async () => {
  await run({ terminationGracePeriodSeconds: 60 })
  await running(0)
  worker?.evict({ message: 'it wrote too much' })
  worker?.evict({ message: 'it wrote too much' })
  const { status } = await plane.untilOne(pods, 'p', (pod) => pod.status?.phase === 'Failed')
  expect(status).toMatchObject({ reason: 'Evicted', message: 'it wrote too much' })
  expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143)
  expect(engine.stops.slice(0, 1)).toEqual([['c', 2]])
  expect(events.filter((event) => event.startsWith('Evicted'))).toEqual(['Evicted: it wrote too much'])
})

test('a pod that is evicted for its node says so in a condition', async () => {
  await run({ terminationGracePeriodSeconds: 60 })
  await running(0)
  worker?.evict({ message: 'The node was low on resource: memory. ', isDisruption: true, grace: 5 })
  const { status } = await plane.untilOne(pods, 'p', (pod) => pod.status?.phase === 'Failed')
  expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'TerminationByKubelet',
    message: 'The node was low on resource: memory. ',
  })
  expect(engine.stops.slice(0, 1)).toEqual([['c', 5]])
})

test('a pod whose node is shut down has failed, and may be made anew', async () => {
  await run({ terminationGracePeriodSeconds: 60 })
  await running(0)
  worker?.shutDown(8)
  const { status } = await plane.untilOne(pods, 'p', (pod) => pod.status?.phase === 'Failed')
  const message = 'Pod was terminated in response to imminent node shutdown.'
  expect(status).toMatchObject({ reason: 'Terminated', message })
  expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({ status: 'True', message })
  expect(engine.stops.slice(0, 1)).toEqual([['c', 8]])
})

test('room on the disk is made from attempts that have ended', async () => {
  await run({ restartPolicy: 'Always' })
  await running(0)
  engine.end('c', 1)
  worker?.kick()
  await running(1)
  await worker?.removeEndedContainers()
  expect(engine.attempts('c')).toEqual([1])
})

test('a deleted pod is removed once its containers have stopped', async () => {
  await run({ terminationGracePeriodSeconds: 5 })
  await running(0)
  await plane.client.delete(pods, { namespace: 'default', name: 'p' })
  worker?.update(await plane.client.get(pods, { namespace: 'default', name: 'p' }))
  await plane.until(pods, (all) => all.length === 0)
  expect([engine.running('c'), engine.running('')]).toEqual([[], []])
})

test('a pod that is complete is not begun again before its object says so', async () => {
  const sidecar = { name: 's', image: 'app:1', restartPolicy: 'Always' }
  await run({ restartPolicy: 'Never', initContainers: [{ name: 'i', image: 'app:1' }, sidecar] })
  await expect.poll(() => engine.running('i')).toHaveLength(1)
  engine.end('i', 0)
  await running(0)
  await clock.advance(10_000)
  engine.end('c', 0)
  await until((_state, { status }) => status?.phase === 'Succeeded')
  // The copy that the worker has is older.
  worker?.kick()
  for (let round = 0; round < 20; round++) await clock.advance(500)
  expect([engine.running(''), engine.attempts('i'), engine.attempts('s')]).toEqual([[], [0], [0]])
})

const untilNothingIsLeft = (): Promise<void> =>
  expect
    .poll(async () => {
      await clock.advance(150)
      return engine.all()
    })
    .toEqual([])

test('what is left of a deleted pod goes when no other is being started, or has had its time', async () => {
  await run({ terminationGracePeriodSeconds: 5 })
  await running(0)
  const other = starts.during(() => new Promise<void>((done) => clock.after(1_000, () => done())))
  await plane.client.delete(pods, { namespace: 'default', name: 'p' })
  worker?.update(await plane.client.get(pods, { namespace: 'default', name: 'p' }))
  await plane.until(pods, (all) => all.length === 0)
  await clock.advance(1_000)
  await other
  expect(engine.all()).toHaveLength(2)
  await untilNothingIsLeft()
})

test('a pod whose object is gone stops, and the rest of it goes, when no other is being started', async () => {
  await run()
  await running(0)
  worker?.abandon()
  await clock.advance(100)
  expect(engine.running('c')).toHaveLength(1)
  await clock.advance(400)
  await expect.poll(() => engine.running('c')).toEqual([])
  expect(engine.all()).toHaveLength(2)
  await untilNothingIsLeft()
})

const deleted = async (): Promise<void> => {
  await plane.client.delete(pods, { namespace: 'default', name: 'p' })
  worker?.update(await plane.client.get(pods, { namespace: 'default', name: 'p' }))
}

test('a terminating pod tells when it is no longer ready', async () => {
  const isReady = ({ status }: Pod): boolean => status?.containerStatuses?.[0]?.ready === true
  let release: () => void = () => undefined
  engine.slowStop = new Promise((resolve) => (release = resolve))
  const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 1, failureThreshold: 1 }
  await run({ containers: [{ name: 'c', image: 'app:1', readinessProbe }] })
  await running(0)
  await clock.advance(0)
  await until((_state, pod) => isReady(pod))
  await deleted()
  await expect.poll(() => engine.stops.length).toBe(1)
  engine.execCode = 1
  await clock.advance(1_000)
  await until((state, pod) => state.running !== undefined && !isReady(pod))
  release()
  await plane.until(pods, (all) => all.length === 0)
})

describe('the sidecars of a pod that ends', () => {
  const sidecar = (name: string, preStop?: string) => ({
    name,
    image: 'app:1',
    restartPolicy: 'Always',
    ...(preStop ? { lifecycle: { preStop: { exec: { command: [preStop] } } } } : {}),
  })
  const started = (): Promise<void> => expect.poll(() => engine.running('c').length).toBe(1)

  test('stop after the others, one by one in reverse order; their hooks run at once', async () => {
    await run({ initContainers: [sidecar('first', 'bye'), sidecar('second')] })
    await started()
    const releases: (() => void)[] = []
    const hold = (): void => {
      engine.slowStop = new Promise((resolve) => releases.push(resolve))
    }
    hold()
    await deleted()
    await expect.poll(() => engine.stops.map(([name]) => name)).toEqual(['c'])
    await expect.poll(() => engine.commands).toEqual(['bye'])
    hold()
    releases[0]?.()
    await expect.poll(() => engine.stops.map(([name]) => name)).toEqual(['c', 'second'])
    expect(engine.running('first')).toHaveLength(1)
    releases[1]?.()
    await plane.until(pods, (all) => all.length === 0)
    // The sandbox last.
    expect(engine.stops.map(([name]) => name)).toEqual(['c', 'second', 'first', ''])
  })

  test('wait no longer than the grace', async () => {
    let release: () => void = () => undefined
    engine.slowStop = new Promise((resolve) => (release = resolve))
    await run({ initContainers: [sidecar('first'), sidecar('second')], terminationGracePeriodSeconds: 5 })
    await started()
    await deleted()
    await expect.poll(() => engine.stops.map(([name]) => name)).toEqual(['c'])
    await clock.advance(5_000)
    await expect.poll(() => engine.stops).toHaveLength(3)
    expect(engine.stops.slice(1)).toEqual([
      ['second', 2],
      ['first', 2],
    ])
    release()
    await plane.until(pods, (all) => all.length === 0)
  })
})

test('a pod that the control plane marked not ready, since its node was lost, is Ready again', async () => {
  const isReady = ({ status }: Pod): boolean =>
    status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  await run()
  const pod = await until((_state, now) => isReady(now))
  const conditions = [{ type: 'Ready', status: 'False' }]
  const marked = await plane.client.patch(
    pods,
    { namespace: 'default', name: 'p' },
    { type: 'strategic', body: { status: { conditions } } },
    { subresource: 'status' },
  )
  worker?.update(marked)
  const mended = await until((_state, now) => isReady(now))
  // What the worker has not seen yet is no contradiction.
  worker?.update(pod)
  worker?.update(mended)
  await clock.advance(100)
  const { metadata } = await plane.client.get(pods, { namespace: 'default', name: 'p' })
  expect(metadata.resourceVersion).toBe(mended.metadata.resourceVersion)
})

test('a pod is Ready once its readiness gate is open', async () => {
  const readyOf = ({ status }: Pod): string | undefined =>
    status?.conditions?.find(({ type }) => type === 'Ready')?.reason ??
    status?.conditions?.find(({ type }) => type === 'Ready')?.status
  await run({ readinessGates: [{ conditionType: 'example.com/open' }] })
  const waiting = await until((state, now) => state.running !== undefined && readyOf(now) !== 'ContainersNotReady')
  expect(readyOf(waiting)).toBe('ReadinessGatesNotReady')
  worker?.update(waiting)
  const conditions = [{ type: 'example.com/open', status: 'True' }]
  const opened = await plane.client.patch(
    pods,
    { namespace: 'default', name: 'p' },
    { type: 'strategic', body: { status: { conditions } } },
    { subresource: 'status' },
  )
  worker?.update(opened)
  await until((_state, now) => readyOf(now) === 'True')
})

test('a resize that does not fit is told, and carried out once it does', async () => {
  const containers = (cpu: string) => [{ name: 'c', image: 'app:1', resources: { requests: { cpu } } }]
  const pending = ({ status }: Pod): string | undefined =>
    status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason
  await run({ containers: containers('1') })
  await running(0)
  // The engine of this test knows nothing of limits that a container is made with.
  worker?.kick()
  const steady = await until((_state, { status }) => status?.containerStatuses?.[0]?.resources !== undefined)
  worker?.update(steady)
  resizeRefusal = { reason: 'Deferred', message: 'others have it' }
  const body = { spec: { containers: containers('2') } }
  const ref = { namespace: 'default', name: 'p' }
  worker?.update(await plane.client.patch(pods, ref, { type: 'strategic', body }, { subresource: 'resize' }))
  const waiting = await until((_state, pod) => pending(pod) === 'Deferred')
  expect(waiting.status?.containerStatuses?.[0]).toMatchObject({
    allocatedResources: { cpu: '1' },
    resources: { requests: { cpu: '1' } },
  })
  expect(events).toContain('ResizeDeferred: others have it')
  worker?.update(waiting)
  resizeRefusal = undefined
  await clock.advance(10_000)
  const done = await until((_state, { status }) => status?.containerStatuses?.[0]?.resources?.requests?.cpu === '2')
  expect(pending(done)).toBeUndefined()
})

test('a pass that fails is logged once, and tried again with growing delays', async () => {
  await run({ terminationGracePeriodSeconds: 5 })
  await running(0)
  const { stopContainer } = engine.runtime
  let tries = 0
  engine.runtime.stopContainer = async () => {
    tries++
    throw new Error('device busy')
  }
  await plane.client.delete(pods, { namespace: 'default', name: 'p' })
  worker?.update(await plane.client.get(pods, { namespace: 'default', name: 'p' }))
  await expect.poll(() => tries).toBe(1)
  await clock.advance(1_000)
  await expect.poll(() => tries).toBe(2)
  await clock.advance(1_000)
  expect(tries).toBe(2)
  await clock.advance(1_000)
  await expect.poll(() => tries).toBe(3)
  expect(logged).toEqual(['pod sync failed'])
  engine.runtime.stopContainer = stopContainer
  await clock.advance(30_000)
  await plane.until(pods, (all) => all.length === 0)
})
