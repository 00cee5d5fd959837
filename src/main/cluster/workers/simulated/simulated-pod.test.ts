import { describe, expect, test } from 'vitest'
import type { Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, summarizePod } from '#shared/kube/pod.ts'
import { layersOf } from './behaviour.ts'
import { SimulatedPod, type Progress } from './simulated-pod.ts'

const begin = Date.parse('2026-01-01T12:00:00Z')

interface Played {
  /** Every status that a watcher sees, as `<seconds> <status> <ready>/<total> <restarts>`. */
  seen: string[]
  pod: Stored<Pod>
  warnings: string[]
  /** Second at which its object could go. */
  overAt: number | undefined
}

/** Plays a pod for a number of seconds; `change` gives it another form at its time. */
function play(
  settings: Record<string, string>,
  spec: Partial<PodSpec>,
  seconds: number,
  change?: { at: number; to: (pod: Stored<Pod>) => Stored<Pod> },
): Played {
  let pod: Stored<Pod> = {
    metadata: {
      name: 'p',
      namespace: 'n',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      annotations: Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [`simulated.slipway.dev/${name}`, value]),
      ),
    },
    spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'app:1' }], ...spec },
  }
  const model = new SimulatedPod(pod, begin)
  const played: Played = { seen: [], pod, warnings: [], overAt: undefined }
  const step = (now: number): Progress => {
    const { layers } = layersOf(pod, [])
    const progress = model.advance(pod, { hostIP: '172.30.0.1', podIP: '10.128.0.1', layers, now })
    pod = { ...pod, status: progress.status }
    const { status, readyContainers, totalContainers, restarts } = summarizePod(pod)
    const line = `${status} ${readyContainers}/${totalContainers} ${restarts}`
    if (!played.seen.at(-1)?.endsWith(` ${line}`)) played.seen.push(`${(now - begin) / 1_000} ${line}`)
    played.warnings.push(...progress.warnings.map(({ reason, message }) => `${reason}: ${message}`))
    return progress
  }
  const end = begin + seconds * 1_000
  const changeAt = change ? begin + change.at * 1_000 : Infinity
  for (let now = begin; now <= end;) {
    if (change && now === changeAt) pod = change.to(pod)
    const { wakeAt, isOver } = step(now)
    if (isOver) {
      played.overAt = (now - begin) / 1_000
      break
    }
    const next = now < changeAt ? Math.min(wakeAt, changeAt) : wakeAt
    expect(next).toBeGreaterThan(now)
    now = next
  }
  return { ...played, pod }
}
const seen = (...given: Parameters<typeof play>): string[] => play(...given).seen

test('an image is pulled, the container starts, and is ready after its probe’s delay', () => {
  const spec = { containers: [{ name: 'c', image: 'app:1', readinessProbe: { initialDelaySeconds: 5 } }] }
  expect(seen({ 'pull-delay': '3s', 'start-delay': '1s' }, spec, 60)).toEqual([
    '0 ContainerCreating 0/1 0',
    '4 Running 0/1 0',
    '9 Running 1/1 0',
  ])
})

test('a crash loop backs off as a kubelet does: at once, 10 s, 20 s … 5 minutes', () => {
  const { seen: all, warnings, pod } = play({ 'exit-code': '3', 'run-duration': '1s', 'start-delay': '0' }, {}, 1_300)
  expect(all.filter((line) => line.includes('Running')).map((line) => line.split(' ')[0])).toEqual([
    '0',
    '1',
    '12',
    '33',
    '74',
    '155',
    '316',
    '617',
    '918',
    '1219',
  ])
  expect(warnings.filter((line) => line.startsWith('BackOff')).length).toBe(9)
  const [status] = pod.status?.containerStatuses ?? []
  expect(status).toMatchObject({
    restartCount: 9,
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: 'back-off 5m0s restarting failed container=c pod=p_n(u)',
      },
    },
    lastState: { terminated: { exitCode: 3, reason: 'Error', startedAt: '2026-01-01T12:20:19Z' } },
  })
})

test('runs fail only as often as they should', () => {
  const all = seen({ 'exit-code': '1', 'run-duration': '2s', 'fail-runs': '2', 'start-delay': '0' }, {}, 3_600)
  expect(all.at(-1)).toBe('14 Running 1/1 2')
})

test('memory ends a container with OOMKilled', () => {
  const { pod } = play({ 'oom-after': '30s', 'fail-runs': '1' }, {}, 100)
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    state: { running: {} },
  })
})

test('an image that cannot be pulled is tried again, with its back-off', () => {
  const { seen: all, pod } = play({ 'pull-error': 'not found', 'pull-failures': '2', 'start-delay': '0' }, {}, 100)
  expect(all).toEqual([
    '0 ErrImagePull 0/1 0',
    '2 ImagePullBackOff 0/1 0',
    '10 ErrImagePull 0/1 0',
    '12 ImagePullBackOff 0/1 0',
    '30 Running 1/1 0',
  ])
  expect(pod.status?.containerStatuses?.[0]?.imageID).toBe('simulated://app:1')
})

test('a container that refers to what is missing is not created, and says why', () => {
  const { seen: all, pod } = play({ 'config-error': 'secret "nowhere" not found' }, {}, 100)
  expect(all).toEqual(['0 CreateContainerConfigError 0/1 0'])
  expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('secret "nowhere" not found')
})

test('readiness comes and goes', () => {
  expect(seen({ 'unready-every': '60s', 'unready-for': '5s', 'start-delay': '0' }, {}, 140)).toEqual([
    '0 Running 1/1 0',
    '60 Running 0/1 0',
    '65 Running 1/1 0',
    '125 Running 0/1 0',
    '130 Running 1/1 0',
  ])
})

describe('pods that end', () => {
  test('complete after their duration', () => {
    const all = seen({ 'run-duration': '90s' }, { restartPolicy: 'Never' }, 200)
    expect(all.at(-1)).toBe('90.2 Completed 0/1 0')
  })

  test('fail with their exit code, or try again where they may', () => {
    expect(seen({ 'exit-code': '4' }, { restartPolicy: 'Never' }, 10).at(-1)).toMatch(/Error 0\/1 0$/)
    const retried = seen({ 'exit-code': '4', 'fail-runs': '1' }, { restartPolicy: 'OnFailure' }, 60)
    expect(retried.at(-1)).toMatch(/Completed 0\/1 1$/)
  })

  test('stop at their deadline', () => {
    const { pod, seen: all } = play({}, { activeDeadlineSeconds: 20 }, 60)
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' })
    expect(all.at(-1)).toMatch(/^20 /)
  })

  test('take their sidecars along, after the init containers and in their order', () => {
    const spec: Partial<PodSpec> = {
      restartPolicy: 'Never',
      initContainers: [
        { name: 'prepare', image: 'i' },
        { name: 'proxy', image: 's', restartPolicy: 'Always', startupProbe: { initialDelaySeconds: 2 } },
      ],
    }
    const { seen: all, pod } = play(
      { 'start-delay': '0', 'run-duration.prepare': '3s', 'run-duration': '4s' },
      spec,
      60,
    )
    expect(all).toEqual(['0 Init:0/2 0/2 0', '3 Init:1/2 0/2 0', '5 Running 2/2 0', '9 Completed 0/2 0'])
    expect(pod.status?.initContainerStatuses?.[1]?.state?.terminated?.exitCode).toBe(143)
  })
})

describe('deleted pods', () => {
  const deleted =
    (grace: number) =>
    (pod: Stored<Pod>): Stored<Pod> => ({
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: 'now', deletionGracePeriodSeconds: grace },
    })

  test('run until they have stopped', () => {
    const { overAt, pod } = play({ 'stop-delay': '12s' }, {}, 100, { at: 20, to: deleted(30) })
    expect(overAt).toBe(32)
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143)
  })

  test('are killed at the end of their grace period', () => {
    const { overAt, pod } = play({ 'stop-delay': '1h' }, {}, 100, { at: 20, to: deleted(30) })
    expect(overAt).toBe(50)
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137)
  })

  test('go at once where nothing runs', () => {
    expect(play({ 'pull-delay': '1h' }, {}, 100, { at: 20, to: deleted(30) }).overAt).toBe(20)
  })
})

describe('a resize', () => {
  const sized = (cpu: string): PodSpec['containers'] => [
    {
      name: 'c',
      image: 'app:1',
      resources: { requests: { cpu } },
      resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
    },
  ]
  const to =
    (containers: PodSpec['containers']) =>
    (pod: Stored<Pod>): Stored<Pod> => ({
      ...pod,
      metadata: { ...pod.metadata, generation: 2 },
      spec: { ...pod.spec, containers },
    })

  test('is taken while the container runs', () => {
    const { pod } = play({}, { containers: sized('1') }, 30, { at: 20, to: to(sized('2')) })
    expect(pod.status?.observedGeneration).toBe(2)
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      resources: { requests: { cpu: '2' } },
      allocatedResources: { cpu: '2' },
    })
  })

  test('restarts a container that asks for it', () => {
    const larger = sized('1').map((each) => ({ ...each, resources: { requests: { cpu: '1', memory: '1Gi' } } }))
    const { pod } = play({}, { containers: sized('1') }, 30, { at: 20, to: to(larger) })
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true })
    expect(isPodReady(pod)).toBe(true)
  })
})
