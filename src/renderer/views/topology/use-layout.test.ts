import { expect, test } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import type { Topology } from '../../topology/graph.ts'
import type { Places } from '../../topology/layout.ts'
import { useLayout } from './useLayout.ts'

const nodeOf = (id: string): Topology['nodes'][number] =>
  ({ id, lane: 'pods', problems: [], name: id }) as unknown as Topology['nodes'][number]
const mapOf = (...ids: string[]): Topology => ({ nodes: ids.map(nodeOf), edges: [] }) as unknown as Topology
const placesOf = (...ids: string[]): Places => new Map(ids.map((id) => [id, { x: 0, y: 0, width: 1, height: 1 }]))

/** A map whose layouts end when the test says so. */
function follow(first: Topology) {
  const topology = shallowRef(first)
  const layouts: PromiseWithResolvers<Places>[] = []
  const scope = effectScope()
  const map = scope.run(() =>
    useLayout(
      () => topology.value,
      () => 'wide',
      () => {
        const layout = Promise.withResolvers<Places>()
        layouts.push(layout)
        return layout.promise
      },
    ),
  )
  if (!map) throw new Error('no map')
  const change = async (next: Topology): Promise<void> => {
    topology.value = next
    await nextTick()
  }
  const end = async (act: (layouts: PromiseWithResolvers<Places>[]) => void): Promise<void> => {
    act(layouts)
    await new Promise((resolve) => setTimeout(resolve))
  }
  const drawn = (): string[] | undefined => map.drawn.value?.topology.nodes.map(({ id }) => id)
  return { ...map, change, end, shown: drawn, layouts }
}

test('a layout that fails late is not told over the map that came after it', async () => {
  const { change, end, shown, failure } = follow(mapOf('a'))
  await change(mapOf('a', 'b'))
  await end(([, second]) => second?.resolve(placesOf('a', 'b')))
  await end(([first]) => first?.reject(new Error('out of memory')))
  expect([shown(), failure.value]).toEqual([['a', 'b'], ''])
})

test('a layout that ends late does not take the place of a newer one, nor hide that it failed', async () => {
  const { change, end, shown, failure } = follow(mapOf('a'))
  await change(mapOf('a', 'b'))
  await end(([, second]) => second?.reject(new Error('out of memory')))
  await end(([first]) => first?.resolve(placesOf('a')))
  expect([shown(), failure.value]).toEqual([undefined, 'out of memory'])
  await change(mapOf('a', 'b', 'c'))
  await end(([, , third]) => third?.resolve(placesOf('a', 'b', 'c')))
  expect([shown(), failure.value]).toEqual([['a', 'b', 'c'], ''])
})

test('states and texts change without a new layout', async () => {
  const { change, end, layouts, drawn } = follow(mapOf('a'))
  await end(([first]) => first?.resolve(placesOf('a')))
  const later = mapOf('a')
  await change(later)
  expect(layouts).toHaveLength(1)
  expect(drawn.value?.topology).toBe(later)
})
