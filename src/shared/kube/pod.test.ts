import { describe, expect, it } from 'vitest'
import type { Container, ContainerStatus, Pod, PodStatus } from './generated/types.ts'
import {
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  podLimits,
  podRequests,
  qosClassOf,
  readySince,
  restartsText,
  summarizePod,
} from './pod.ts'
import { defined } from './json.ts'

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, ...more })

function pod(
  status: PodStatus,
  more: { containers?: Container[]; initContainers?: Container[]; deleted?: boolean } = {},
): Pod {
  const { containers = [container('a')], initContainers, deleted } = more
  return {
    metadata: { name: 'p', ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers, ...(initContainers ? { initContainers } : {}) },
    status,
  }
}

const status = (name: string, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
})
const running = (name: string, more: Partial<ContainerStatus> = {}): ContainerStatus =>
  status(name, { ready: true, started: true, state: { running: {} }, ...more })
const waiting = (name: string, reason: string): ContainerStatus => status(name, { state: { waiting: { reason } } })
const ended = (name: string, exitCode: number, reason?: string, signal?: number): ContainerStatus =>
  status(name, { state: { terminated: defined({ exitCode, reason, signal }) } })

const init = { containers: [container('a')], initContainers: [container('i'), container('j')] }
const sidecar = { containers: [container('a')], initContainers: [container('s', { restartPolicy: 'Always' })] }

describe('the printed status', () => {
  it.each<[string, Pod, string, string]>([
    ['a pending pod', pod({ phase: 'Pending' }), 'Pending', '0/1'],
    ['an evicted pod', pod({ phase: 'Failed', reason: 'Evicted' }), 'Evicted', '0/1'],
    ['a running one', pod({ phase: 'Running', containerStatuses: [running('a')] }), 'Running', '1/1'],
    [
      'a crashing one',
      pod({ phase: 'Running', containerStatuses: [waiting('a', 'CrashLoopBackOff')] }),
      'CrashLoopBackOff',
      '0/1',
    ],
    [
      'a completed one',
      pod({ phase: 'Succeeded', containerStatuses: [ended('a', 0, 'Completed')] }),
      'Completed',
      '0/1',
    ],
    [
      'one that failed without a reason',
      pod({ phase: 'Failed', containerStatuses: [ended('a', 3)] }),
      'ExitCode:3',
      '0/1',
    ],
    [
      'one that was killed by a signal',
      pod({ phase: 'Failed', containerStatuses: [ended('a', 137, '', 9)] }),
      'Signal:9',
      '0/1',
    ],
    [
      'one with the first init container still running',
      pod({ phase: 'Pending', initContainerStatuses: [status('i', { state: { running: {} } })] }, init),
      'Init:0/2',
      '0/1',
    ],
    [
      'one with the second still running',
      pod({ phase: 'Pending', initContainerStatuses: [ended('i', 0, 'Completed'), status('j')] }, init),
      'Init:1/2',
      '0/1',
    ],
    [
      'one with a failing init container',
      pod({ phase: 'Pending', initContainerStatuses: [ended('i', 1, 'Error')] }, init),
      'Init:Error',
      '0/1',
    ],
    [
      'one whose init container crashes',
      pod({ phase: 'Pending', initContainerStatuses: [waiting('i', 'CrashLoopBackOff')] }, init),
      'Init:CrashLoopBackOff',
      '0/1',
    ],
    [
      'one whose init containers have completed',
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [ended('i', 0), ended('j', 0)],
          containerStatuses: [waiting('a', 'PodInitializing')],
        },
        init,
      ),
      'PodInitializing',
      '0/1',
    ],
    [
      'one with a sidecar',
      pod({ phase: 'Running', initContainerStatuses: [running('s')], containerStatuses: [running('a')] }, sidecar),
      'Running',
      '2/2',
    ],
    [
      'one of whose containers has completed',
      pod(
        {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [ended('a', 0, 'Completed'), running('b')],
        },
        { containers: [container('a'), container('b')] },
      ),
      'Running',
      '1/2',
    ],
    [
      'one of whose containers has completed, and that is not ready',
      pod(
        { phase: 'Running', containerStatuses: [ended('a', 0, 'Completed'), running('b')] },
        { containers: [container('a'), container('b')] },
      ),
      'NotReady',
      '1/2',
    ],
    [
      'one being deleted',
      pod({ phase: 'Running', containerStatuses: [running('a')] }, { deleted: true }),
      'Terminating',
      '1/1',
    ],
    [
      'one deleted after completion',
      pod({ phase: 'Succeeded', containerStatuses: [ended('a', 0, 'Completed')] }, { deleted: true }),
      'Completed',
      '0/1',
    ],
    ['one on a lost node', pod({ phase: 'Running', reason: 'NodeLost' }, { deleted: true }), 'Unknown', '0/1'],
    [
      'a gated one',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      'SchedulingGated',
      '0/1',
    ],
  ])('of %s', (_, object, text, ready) => {
    const summary = summarizePod(object)
    expect(summary.status).toBe(text)
    expect(`${summary.readyContainers}/${summary.totalContainers}`).toBe(ready)
  })

  it('counts restarts, with the time of the last one', () => {
    const restarted = running('a', {
      restartCount: 3,
      lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:00Z' } },
    })
    const summary = summarizePod(pod({ phase: 'Running', containerStatuses: [restarted] }))
    expect(restartsText(summary, Date.parse('2026-01-01T00:02:30Z'))).toBe('3 (2m30s ago)')
  })

  it('ignores restarts of init containers once the containers run', () => {
    const summary = summarizePod(
      pod(
        {
          phase: 'Running',
          initContainerStatuses: [{ ...ended('i', 0), restartCount: 5 }, ended('j', 0)],
          containerStatuses: [running('a')],
        },
        init,
      ),
    )
    expect(restartsText(summary, 0)).toBe('0')
  })
})

describe('readiness', () => {
  const ready = pod({
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' }],
  })
  const since = Date.parse('2026-01-01T00:00:10Z')

  it('counts from the last transition', () => {
    expect(isPodReady(ready)).toBe(true)
    expect(readySince(ready)).toBe(since)
    expect(isPodAvailable(ready, 0, since)).toBe(true)
    expect(isPodAvailable(ready, 10, since + 9999)).toBe(false)
    expect(isPodAvailable(ready, 10, since + 10_000)).toBe(true)
  })

  it('is absent without the condition', () => {
    expect(isPodReady(pod({ phase: 'Running' }))).toBe(false)
    expect(readySince(pod({ phase: 'Running' }))).toBe(0)
    expect(isPodAvailable(pod({ phase: 'Running' }), 0, 0)).toBe(false)
  })

  it('recognizes completed pods', () => {
    expect(isPodTerminal(pod({ phase: 'Failed' }))).toBe(true)
    expect(isPodActive(pod({ phase: 'Running' }))).toBe(true)
    expect(isPodActive(pod({ phase: 'Running' }, { deleted: true }))).toBe(false)
  })
})

describe('resources', () => {
  const asking = (name: string, cpu: string, more: Partial<Container> = {}): Container =>
    container(name, { resources: { requests: { cpu } }, ...more })

  it('add up over containers and sidecars', () => {
    const object = pod(
      {},
      {
        containers: [asking('a', '100m'), asking('b', '1')],
        initContainers: [asking('s', '50m', { restartPolicy: 'Always' })],
      },
    )
    expect(podRequests(object)).toEqual({ cpu: '1150m' })
  })

  it('are at least those of the largest init container', () => {
    const object = pod(
      {},
      { containers: [asking('a', '100m')], initContainers: [asking('i', '2'), asking('j', '500m')] },
    )
    expect(podRequests(object)).toEqual({ cpu: '2' })
  })

  it('include the sidecars that run during an init container', () => {
    const object = pod(
      {},
      {
        containers: [asking('a', '100m')],
        initContainers: [asking('s', '1', { restartPolicy: 'Always' }), asking('i', '2')],
      },
    )
    expect(podRequests(object)).toEqual({ cpu: '3' })
  })

  it('include the overhead', () => {
    const object = pod({}, { containers: [asking('a', '100m')] })
    if (object.spec) object.spec.overhead = { cpu: '50m', memory: '1Mi' }
    expect(podRequests(object)).toEqual({ cpu: '150m', memory: '1Mi' })
    expect(podLimits(object)).toEqual({ cpu: '50m', memory: '1Mi' })
  })

  it('are those of the pod where it has some of its own', () => {
    const object = pod({}, { containers: [asking('a', '100m'), asking('b', '100m')] })
    if (object.spec) {
      object.spec.resources = { requests: { cpu: '1', memory: '1Gi', 'example.com/gpu': '1' } }
      object.spec.overhead = { cpu: '50m' }
    }
    expect(podRequests(object)).toEqual({ cpu: '1050m', memory: '1Gi' })
    expect(podRequests(object, { whereMissing: { memory: '200Mi' } })).toEqual({ cpu: '1050m', memory: '1Gi' })
  })

  describe('while it is resized', () => {
    const resized = (asked: string, allotted: string, held: string, conditions: PodStatus['conditions'] = []) =>
      podRequests(
        pod(
          {
            conditions,
            containerStatuses: [
              {
                name: 'a',
                image: '',
                imageID: '',
                ready: true,
                restartCount: 0,
                allocatedResources: { cpu: allotted },
                resources: { requests: { cpu: held } },
              },
            ],
          },
          { containers: [asking('a', asked)] },
        ),
        { resizing: true },
      )['cpu']
    const pending = (reason: string) => [{ type: 'PodResizePending', status: 'True', reason }]

    it('are the most of what it asks for, is allotted and has', () => {
      expect([resized('3', '1', '1'), resized('1', '3', '1'), resized('1', '1', '3')]).toEqual(['3', '3', '3'])
    })

    it('are what it has where its node can never give it more', () => {
      expect(resized('3', '1', '2', pending('Infeasible'))).toBe('2')
      expect(resized('3', '1', '2', pending('Deferred'))).toBe('3')
    })
  })

  it.each([
    ['BestEffort', {}],
    ['Burstable', { requests: { cpu: '1' } }],
    ['Burstable', { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } }],
    ['Guaranteed', { requests: { cpu: '1', memory: '1024Mi' }, limits: { cpu: '1', memory: '1Gi' } }],
    ['Guaranteed', { limits: { cpu: '1', memory: '1Gi' } }],
    ['BestEffort', { requests: { cpu: '0' } }],
  ])('make a pod %s', (qos, resources) => {
    expect(qosClassOf(pod({}, { containers: [container('a', { resources })] }))).toBe(qos)
  })
})
