import { expect, test } from 'vitest'
import type { ContainerState, Job, Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import type { Access } from '../../composables/useAccess.ts'
import { attach } from './attach.ts'
import { debug } from './debug.ts'
import { forward } from './forward.ts'
import { rollBack } from './roll-back.ts'
import { shell } from './shell.ts'

const access: Access = { plural: 'pods', may: () => true }
const podWith = (phase: string, state: ContainerState | undefined, nodeName = 'worker-1') =>
  stored<Pod>({
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: [{ name: 'app' }], ...(nodeName ? { nodeName } : {}) },
    status: {
      phase,
      containerStatuses: state ? [{ name: 'app', image: '', imageID: '', ready: false, restartCount: 0, state }] : [],
    },
  })
const running = podWith('Running', { running: {} })
const crashed = podWith('Running', { waiting: { reason: 'CrashLoopBackOff' } })
const unplaced = podWith('Pending', undefined, '')
const ended = podWith('Succeeded', { terminated: { exitCode: 0 } })

test('a shell needs a container that runs, and says why there is none and what else can be done', () => {
  for (const { enabled } of [shell, attach]) {
    expect(enabled?.(running, access)).toBe(true)
    expect(enabled?.(crashed, access)).toMatch(/^No container of pod web runs now\. The logs tell why, and Debug/)
    expect(enabled?.(unplaced, access)).toBe('Pod web is on no node yet.')
    expect(enabled?.(ended, access)).toMatch(/^Pod web has ended/)
  }
})

test('a debug container needs a pod that is on a node and has not ended', () => {
  expect([running, crashed].map((pod) => debug.enabled?.(pod, access))).toEqual([true, true])
  expect(debug.enabled?.(unplaced, access)).toBe('Pod web is on no node yet.')
  expect(debug.enabled?.(ended, access)).toMatch(/^Pod web has ended/)
})

test('a forward needs a pod that started once, and a Job that has not ended', () => {
  expect([running, crashed].map((pod) => forward.enabled?.(pod, access))).toEqual([
    true,
    'Pod web has not started yet: nothing in it can answer.',
  ])
  const back = podWith('Running', { waiting: { reason: 'CrashLoopBackOff' } })
  for (const status of back.status?.containerStatuses ?? []) status.restartCount = 3
  expect(forward.enabled?.(back, access)).toBe(true)
  expect(forward.enabled?.(unplaced, access)).toBe('Pod web is on no node yet.')
  expect(forward.enabled?.(ended, access)).toMatch(/^Pod web has ended/)

  const job = (type?: string) =>
    stored<Job>({
      metadata: { name: 'import', namespace: 'shop' },
      status: type ? { conditions: [{ type, status: 'True' }] } : {},
    })
  const ofJobs: Access = { plural: 'jobs', may: () => true }
  expect(forward.enabled?.(job(), ofJobs)).toBe(true)
  for (const end of ['Complete', 'Failed']) expect(forward.enabled?.(job(end), ofJobs)).toMatch(/^Job import has ended/)
})

test('a workload that tells of one revision only cannot be rolled back', () => {
  const workload = (metadata: object, spec: object = {}) =>
    stored<KubeObject & { spec: object }>({ metadata: { name: 'web', namespace: 'shop', ...metadata }, spec })
  const revision = (number: string) => ({ annotations: { 'deployment.kubernetes.io/revision': number }, generation: 4 })
  const ofWorkloads: Access = { plural: 'deployments', may: () => true }
  const enabled = (object: ReturnType<typeof workload>) => rollBack.enabled?.(object, ofWorkloads)
  expect(enabled(workload(revision('1')))).toBe('There is no earlier revision.')
  expect(enabled(workload(revision('2'), { revisionHistoryLimit: 0 }))).toBe('There is no earlier revision.')
  expect(enabled(workload({ generation: 1 }))).toBe('There is no earlier revision.')
  expect(enabled(workload(revision('2')))).toBe(true)
  expect(enabled(workload({ generation: 2 }))).toBe(true)
})
