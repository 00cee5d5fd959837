import type { Topology, TopologyNode } from './graph.ts'
import type { Places } from './layout.ts'

type Map = Pick<Topology, 'nodes' | 'edges'>

/** The nodes as they are read: lane by lane, each from its top. */
export function inReadingOrder(nodes: readonly TopologyNode[], places: Places): TopologyNode[] {
  const at = (id: string, side: 'x' | 'y'): number => places.get(id)?.[side] ?? 0
  return nodes
    .filter(({ id }) => places.has(id))
    .sort((a, b) => at(a.id, 'x') - at(b.id, 'x') || at(a.id, 'y') - at(b.id, 'y'))
}

/**
 * Where an arrow key leads: up and down within a lane, left and right along an edge, and where there is none, to what is nearest in
 * the next lane; Home and End to the ends of the lane. Undefined where it leads nowhere.
 */
export function stepFrom({ nodes, edges }: Map, places: Places, id: string, key: string): string | undefined {
  const ordered = inReadingOrder(nodes, places)
  const from = ordered.find((node) => node.id === id)
  if (!from) return undefined
  const lane = ordered.filter((node) => node.lane === from.lane)
  const at = lane.indexOf(from)
  if (key === 'ArrowDown') return lane[at + 1]?.id
  if (key === 'ArrowUp') return lane[at - 1]?.id
  if (key === 'Home') return lane[0]?.id
  if (key === 'End') return lane.at(-1)?.id
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return undefined
  const forward = key === 'ArrowRight'
  const along = edges.flatMap((edge) => {
    if (forward) return edge.from === id ? [edge.to] : []
    return edge.to === id ? [edge.from] : []
  })
  const candidates =
    along.length > 0 ? ordered.filter((node) => along.includes(node.id)) : nextLane(ordered, from, forward)
  return nearest(candidates, places, id)
}

function nextLane(ordered: readonly TopologyNode[], from: TopologyNode, forward: boolean): readonly TopologyNode[] {
  const lanes = [...new Set(ordered.map(({ lane }) => lane))]
  const next = lanes[lanes.indexOf(from.lane) + (forward ? 1 : -1)]
  return ordered.filter(({ lane }) => lane === next)
}

function nearest(candidates: readonly TopologyNode[], places: Places, id: string): string | undefined {
  const middle = (node: string): number => {
    const { y = 0, height = 0 } = places.get(node) ?? {}
    return y + height / 2
  }
  const distance = (node: TopologyNode): number => Math.abs(middle(node.id) - middle(id))
  return candidates.toSorted((a, b) => distance(a) - distance(b))[0]?.id
}
