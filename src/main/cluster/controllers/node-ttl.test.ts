import { afterEach, beforeEach, expect, it } from 'vitest'
import { nodes } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startNodeTtl, stepFor } from './node-ttl.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

const ttl = 'node.alpha.kubernetes.io/ttl'

it('lets the kubelets of a small cluster keep nothing, and restores the annotation', async () => {
  plane.start(startNodeTtl)
  await plane.client.create(nodes, { metadata: { name: 'a', annotations: { mine: 'yes' } } })
  const set = await plane.untilOne(nodes, 'a', ({ metadata }) => metadata.annotations?.[ttl] === '0')
  expect(set.metadata.annotations).toEqual({ mine: 'yes', [ttl]: '0' })
  await plane.client.patch(
    nodes,
    { name: 'a' },
    { type: 'merge', body: { metadata: { annotations: { [ttl]: null } } } },
  )
  await plane.untilOne(nodes, 'a', ({ metadata }) => metadata.annotations?.[ttl] === '0')
})

it.each([
  [0, 100, 0],
  [0, 101, 1],
  [1, 90, 1],
  [1, 89, 0],
  [0, 5_000, 4],
  [4, 10_001, 5],
  [5, 3, 0],
])('goes from step %d at %d nodes to step %d', (from, count, to) => expect(stepFor(count, from)).toBe(to))
