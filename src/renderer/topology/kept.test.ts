import { expect, test } from 'vitest'
import { flowNodes } from '../views/topology/flow-nodes.ts'
import type { Topology, TopologyNode } from './graph.ts'
import { kept } from './kept.ts'

const node = (name: string, text = ''): TopologyNode => ({
  ...{ id: `Pod/${name}`, lane: 'pods', kind: 'Pod', name, text, problems: [] },
})
/** Made anew each time, as from each list that comes. */
const map = (...nodes: TopologyNode[]): Topology => ({
  nodes,
  edges: [{ id: 'a b', from: 'Pod/a', to: 'Pod/b', look: 'flow' }],
  problems: [],
  counts: { workloads: 1, pods: nodes.length },
  isEmpty: false,
})

test('what says the same is the same', () => {
  const before = map(node('a'), node('b'))
  expect(kept(map(node('a'), node('b')), before)).toBe(before)
  const now = kept(map(node('a', 'Failed'), node('b')), before)
  expect([now.nodes[0] === before.nodes[0], now.nodes[1] === before.nodes[1], now.edges === before.edges]).toEqual([
    false,
    true,
    true,
  ])
  expect(now.nodes[0]?.text).toBe('Failed')
})

test('another count, order or node is told', () => {
  const before = map(node('a'), node('b'))
  expect(kept({ ...before, counts: { workloads: 2, pods: 2 } }, before).counts.workloads).toBe(2)
  expect(kept(map(node('b'), node('a')), before).nodes.map(({ name }) => name)).toEqual(['b', 'a'])
  expect(kept(map(node('a')), before).nodes.map(({ name }) => name)).toEqual(['a'])
})

test('a node that is kept at its place is drawn as it was', () => {
  const place = (y: number) => ({ x: 0, y, width: 10, height: 10 })
  const [a, b] = [node('a'), node('b')]
  const places = new Map([
    [a.id, place(0)],
    [b.id, place(20)],
  ])
  const before = flowNodes({ topology: map(a, b), places })
  const moved = new Map(places).set(b.id, place(40))
  const now = flowNodes({ topology: map(a, b), places: moved }, before)
  const drawn = (all: typeof now, id: string) => all.find((each) => each.id === id)
  expect(drawn(now, a.id)).toBe(drawn(before, a.id))
  expect(drawn(now, b.id)?.style).toMatchObject({ top: '40px' })
})
