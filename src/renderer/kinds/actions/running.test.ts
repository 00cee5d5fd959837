import { expect, test } from 'vitest'
import type { ContainerState, Pod } from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import type { Access } from '../../composables/useAccess.ts'
import { attach } from './attach.ts'
import { debug } from './debug.ts'
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
