import { describe, expect, test } from 'vitest'
import type { Pod } from '../generated/types.ts'
import type { ContainerAttempt } from './container-attempt.ts'
import { isPodComplete, podStatus, statusPatch, type ContainerObservation, type PodObservation } from './pod-status.ts'

const now = '2026-11-23T10:00:00Z'
const pod = (spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'n', uid: 'u', generation: 1 },
  spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'busybox:1.36' }], ...spec },
})
type Named = ContainerAttempt & { name: string }
const attempt = (name: string, state: ContainerAttempt['state'], more: Partial<ContainerAttempt> = {}): Named => ({
  id: `${name}-id`,
  name,
  attempt: 0,
  state,
  exitCode: 0,
  oomKilled: false,
  error: '',
  hash: '',
  createdAt: now,
  ...(state === 'created' ? {} : { startedAt: now }),
  ...(state === 'exited' ? { finishedAt: now } : {}),
  ...more,
})
/** Containers by their attempts, with what else is known of them. */
type Containers = [attempt: Named, more?: Partial<ContainerObservation>][]
interface Seen extends Partial<Omit<PodObservation, 'containers'>> {
  containers?: Containers
}
const seen = ({ containers = [], ...more }: Seen = {}): PodObservation => ({
  sandbox: { state: 'running' },
  containers: new Map(
    containers.map(([each, known]) => [each.name, { attempts: [each], messages: new Map(), ...known }]),
  ),
  podIps: ['10.244.0.2'],
  hostIps: ['172.18.0.2'],
  startTime: now,
  stopped: false,
  ...more,
})
const conditionsOf = (status: ReturnType<typeof podStatus>): Record<string, string> =>
  Object.fromEntries((status.conditions ?? []).map(({ type, status: value }) => [type, value]))

const restartedOn42 = {
  name: 'c',
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
}

test.each([
  [true, 'Enabled'],
  [false, 'Disabled'],
])('mounts of a container that may wait are told, recursive read-only %s', (recursiveReadOnly, resolved) => {
  const volumeMounts = [
    { name: 'data', mountPath: '/data' },
    { name: 'token', mountPath: '/token', readOnly: true },
    { name: 'tree', mountPath: '/tree', readOnly: true, recursiveReadOnly: 'IfPossible' },
  ]
  const spec = { containers: [{ name: 'c', volumeMounts }] }
  expect(
    podStatus(pod(spec), seen({ mounts: { recursiveReadOnly } }), now).containerStatuses?.[0]?.volumeMounts,
  ).toEqual([
    { name: 'data', mountPath: '/data' },
    { name: 'token', mountPath: '/token', readOnly: true, recursiveReadOnly: 'Disabled' },
    { name: 'tree', mountPath: '/tree', readOnly: true, recursiveReadOnly: resolved },
  ])
  expect(podStatus(pod(spec), seen(), now).containerStatuses?.[0]).not.toHaveProperty('volumeMounts')
})

describe('phase', () => {
  test.each<[string, Partial<Pod['spec']>, Seen, string]>([
    ['nothing started', {}, {}, 'Pending'],
    ['created only', {}, { containers: [[attempt('c', 'created')]] }, 'Pending'],
    ['running', {}, { containers: [[attempt('c', 'running')]] }, 'Running'],
    ['ended well, Always', {}, { containers: [[attempt('c', 'exited')]] }, 'Running'],
    ['ended well, OnFailure', { restartPolicy: 'OnFailure' }, { containers: [[attempt('c', 'exited')]] }, 'Succeeded'],
    [
      'ended badly, OnFailure',
      { restartPolicy: 'OnFailure' },
      { containers: [[attempt('c', 'exited', { exitCode: 1 })]] },
      'Running',
    ],
    [
      'ended badly, Never',
      { restartPolicy: 'Never' },
      { containers: [[attempt('c', 'exited', { exitCode: 1 })]] },
      'Failed',
    ],
    [
      'stopped for deletion',
      {},
      { containers: [[attempt('c', 'exited', { exitCode: 137 })]], stopped: true },
      'Failed',
    ],
    [
      'deadline',
      {},
      { containers: [[attempt('c', 'exited')]], failure: { reason: 'DeadlineExceeded', message: 'x' } },
      'Failed',
    ],
    ['init runs', { initContainers: [{ name: 'i' }] }, { containers: [[attempt('i', 'running')]] }, 'Pending'],
    [
      'init failed, Never',
      { restartPolicy: 'Never', initContainers: [{ name: 'i' }] },
      { containers: [[attempt('i', 'exited', { exitCode: 2 })]] },
      'Failed',
    ],
    [
      'init failed, Never, but restarted by a policy of its own',
      { restartPolicy: 'Never', initContainers: [{ name: 'i', restartPolicy: 'OnFailure' }] },
      { containers: [[attempt('i', 'exited', { exitCode: 2 })]] },
      'Pending',
    ],
    [
      'ended badly, Never, but restarted by a rule',
      { restartPolicy: 'Never', containers: [restartedOn42] },
      { containers: [[attempt('c', 'exited', { exitCode: 42 })]] },
      'Running',
    ],
    [
      'ended badly, Never, and no rule matches',
      { restartPolicy: 'Never', containers: [restartedOn42] },
      { containers: [[attempt('c', 'exited', { exitCode: 1 })]] },
      'Failed',
    ],
    [
      'ended, Always, but its own policy is Never',
      { containers: [{ name: 'c', restartPolicy: 'Never' }] },
      { containers: [[attempt('c', 'exited')]] },
      'Succeeded',
    ],
  ])('%s is %s', (_what, spec, observation, phase) => {
    expect(podStatus(pod(spec), seen(observation), now).phase).toBe(phase)
  })
})

test('a rejected pod says nothing of containers, and stays as it is', () => {
  const failure = { reason: 'OutOfcpu', message: 'Pod was rejected: …', isRejection: true }
  const status = podStatus(pod(), seen({ failure }), now)
  expect(status).toEqual({
    observedGeneration: 1,
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: 'Pod was rejected: …',
    qosClass: 'BestEffort',
    startTime: now,
  })
  expect(podStatus({ ...pod(), status }, seen(), now)).toEqual(status)
})

test('all containers of a pod with init containers wait as PodInitializing', () => {
  const spec = { initContainers: [{ name: 'i' }, { name: 'j' }], restartPolicy: 'Never' }
  const failed = podStatus(pod(spec), seen({ containers: [[attempt('i', 'exited', { exitCode: 1 })]] }), now)
  const reasonsOf = (list: typeof failed.containerStatuses): unknown[] =>
    (list ?? []).map(({ state }) => state?.waiting?.reason)
  expect(reasonsOf(failed.initContainerStatuses)).toEqual([undefined, 'PodInitializing'])
  expect(reasonsOf(failed.containerStatuses)).toEqual(['PodInitializing'])
  expect(reasonsOf(podStatus(pod(), seen(), now).containerStatuses)).toEqual(['ContainerCreating'])
})

test('a running pod without probes is ready', () => {
  const status = podStatus(pod(), seen({ containers: [[attempt('c', 'running')]] }), now)
  expect(conditionsOf(status)).toEqual({
    PodReadyToStartContainers: 'True',
    Initialized: 'True',
    Ready: 'True',
    ContainersReady: 'True',
    PodScheduled: 'True',
  })
  expect(status.containerStatuses?.[0]).toMatchObject({
    ready: true,
    started: true,
    restartCount: 0,
    containerID: 'docker://c-id',
  })
})

test('a container whose probe has not passed makes the pod not ready, and is named', () => {
  const status = podStatus(pod(), seen({ containers: [[attempt('c', 'running'), { ready: false }]] }), now)
  expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status: [c]',
  })
})

test('a crash loop has a waiting state, and the last termination as lastState', () => {
  const status = podStatus(
    pod(),
    seen({
      containers: [
        [
          attempt('c', 'exited', { exitCode: 3, attempt: 2 }),
          { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } },
        ],
      ],
    }),
    now,
  )
  expect(status.containerStatuses?.[0]).toMatchObject({
    restartCount: 2,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 3, reason: 'Error' } },
  })
  expect(status.phase).toBe('Running')
})

test('closed readiness gates are named with what is wrong with each', () => {
  const gated = pod({ readinessGates: [{ conditionType: 'example.com/a' }, { conditionType: 'example.com/b' }] })
  gated.status = { conditions: [{ type: 'example.com/b', status: 'False' }] }
  const status = podStatus(gated, seen({ containers: [[attempt('c', 'running')]] }), now)
  expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message:
      'corresponding condition of pod readiness gate "example.com/a" does not exist., the status of pod readiness gate "example.com/b" is not "True", but False',
  })
})

test('an out-of-memory kill has the reason OOMKilled', () => {
  const status = podStatus(
    pod({ restartPolicy: 'Never' }),
    seen({ containers: [[attempt('c', 'exited', { exitCode: 137, oomKilled: true })]] }),
    now,
  )
  expect(status.containerStatuses?.[0]?.state?.terminated?.reason).toBe('OOMKilled')
})

test('a condition keeps its transition time while its status stays', () => {
  const before = pod()
  before.status = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] }
  const status = podStatus(before, seen({ containers: [[attempt('c', 'running')]] }), now)
  expect(status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime).toBe('2026-01-01T00:00:00Z')
})

describe('the end of a pod with a sidecar', () => {
  const spec = {
    restartPolicy: 'Never',
    initContainers: [{ name: 'side', image: 'busybox:1.36', restartPolicy: 'Always' }],
  }
  const done = attempt('c', 'exited')

  test('is reported once the sidecar has ended too', () => {
    const going = seen({ containers: [[attempt('side', 'running')], [done]] })
    expect(podStatus(pod(spec), going, now).phase).toBe('Running')
    expect(isPodComplete(pod(spec), going)).toBe(true)
  })

  test('does not depend on the exit code of the sidecar', () => {
    const ended = seen({ containers: [[attempt('side', 'exited', { exitCode: 137 })], [done]] })
    expect(podStatus(pod(spec), ended, now).phase).toBe('Succeeded')
  })
})

test('a patch unsets fields of conditions, replaces addresses, and leaves others’ conditions alone', () => {
  const patch = statusPatch(
    { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], podIPs: [{ ip: '10.244.0.9' }] },
    {
      conditions: [
        { type: 'PodResizeInProgress', status: 'True' },
        { type: 'example.com/own', status: 'True' },
      ],
    },
  )
  expect(patch.conditions).toEqual([
    { type: 'Ready', status: 'True', reason: null, message: null },
    { type: 'PodResizeInProgress', $patch: 'delete' },
  ])
  expect(patch.podIPs).toEqual([{ ip: '10.244.0.9' }, { $patch: 'replace' }])
})

test('the signal that stops a container is told once it is there', () => {
  const named = pod({ containers: [{ name: 'c', image: 'busybox:1.36', lifecycle: { stopSignal: 'SIGUSR1' } }] })
  const signalOf = (containers?: Containers) =>
    podStatus(named, seen(containers ? { containers } : {}), now).containerStatuses?.[0]?.stopSignal
  expect(signalOf()).toBeUndefined()
  expect(signalOf([[attempt('c', 'running')]])).toBe('SIGUSR1')
})
