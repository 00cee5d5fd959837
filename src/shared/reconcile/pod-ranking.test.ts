import { expect, it } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Pod } from '../kube/generated/types.ts'
import type { Stored } from '../kube/object.ts'
import { byDeletionRank } from './pod-ranking.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()

interface Traits {
  node?: string
  phase?: string
  ready?: number
  age?: number
  restarts?: number
  cost?: string
}

const pod = ({ node = 'a', phase = 'Running', ready = 5000, age = 5000, restarts = 0, cost }: Traits): Stored<Pod> =>
  stored<Pod>({
    metadata: {
      uid: 'same',
      creationTimestamp: ago(age),
      ...(cost ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } } : {}),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}) },
    status: {
      phase,
      conditions: ready > 0 ? [{ type: 'Ready', status: 'True', lastTransitionTime: ago(ready) }] : [],
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }],
    },
  })

it.each<[string, Traits, Traits]>([
  ['without a node', { node: '' }, {}],
  ['pending', { phase: 'Pending' }, {}],
  ['not ready', { ready: 0 }, {}],
  ['cheap', { cost: '-5' }, { cost: '3' }],
  ['on the fuller node', { node: 'crowded' }, { node: 'a' }],
  ['ready for a short time', { ready: 60 }, { ready: 5000 }],
  ['often restarted', { restarts: 4 }, { restarts: 1 }],
  ['young', { age: 60 }, { age: 5000 }],
])('takes the one that is %s', (_, first, second) => {
  const related = [pod({ node: 'crowded' }), pod({ node: 'crowded' }), pod({ node: 'a' })]
  const rank = byDeletionRank(related, now)
  expect(rank(pod(first), pod(second))).toBeLessThan(0)
  expect(rank(pod(second), pod(first))).toBeGreaterThan(0)
})

it('takes ages of the same order of magnitude for equal', () => {
  expect(byDeletionRank([], now)(pod({ age: 5000, ready: 5000 }), pod({ age: 6000, ready: 6000 }))).toBe(0)
})
