import type { ElkNode } from 'elkjs/lib/elk-api.js'
import { lanes, type Lane, type Topology, type TopologyNode } from './graph.ts'

/** Where a node of the map is, px. */
export interface Place {
  x: number
  y: number
  width: number
  height: number
}
export type Places = ReadonlyMap<string, Place>

/** Where an edge carries its sign: a point at its middle. */
export function middleOf({ from, to }: { from: string; to: string }, places: Places): Place | undefined {
  const [one, other] = [places.get(from), places.get(to)]
  if (!one || !other) return undefined
  return {
    x: (one.x + one.width + other.x) / 2,
    y: (one.y + one.height / 2 + other.y + other.height / 2) / 2,
    ...{ width: 0, height: 0 },
  }
}

/** How much room a map takes from left to right: where it would have to be drawn smaller, its lanes are narrower first. */
export type Room = 'wide' | 'narrow'
const widths: Record<Room, Record<Lane, number>> = {
  wide: { routes: 176, services: 176, workloads: 196, pods: 176, workers: 168, config: 196 },
  narrow: { routes: 140, services: 132, workloads: 156, pods: 148, workers: 124, config: 176 },
}
/** A line of text, and what is around the lines of a node, px. */
const line = 16
const frame = 16
/** Problems that a node says in words; the others are counted. */
export const toldProblems = 2

/** A pod has one line, what else is on the map two; each problem adds one. */
export function sizeOf({ lane, folds, problems }: TopologyNode, room: Room = 'wide'): Pick<Place, 'width' | 'height'> {
  const told = Math.min(problems.length, toldProblems + 1)
  const width = widths[room][lane]
  if (lane === 'pods' && !folds && told === 0) return { width, height: 26 }
  return { width, height: frame + line * (2 + told) }
}

/** Between two lanes, where the edges are, px. */
const gaps: Record<Room, number> = { wide: 56, narrow: 40 }

/** @param width of the window, less its margins, px */
export function roomOf(nodes: readonly TopologyNode[], width: number): Room {
  const used = lanes.filter((lane) => nodes.some((node) => node.lane === lane))
  const wanted = used.reduce((sum, lane) => sum + widths.wide[lane] + gaps.wide, -gaps.wide)
  return wanted > width ? 'narrow' : 'wide'
}

/**
 * Places the nodes in lanes from left to right, in each lane in the order of `nodes`, so that a map that changes keeps its order:
 * ELK is told both (its strategies INTERACTIVE take them from where the nodes are) and finds the heights. That takes it 0.2 s for
 * 700 nodes; with partitions, or with edges that it routes, it took 30. It is loaded with the first map, and works in this thread:
 * the page loads no workers from blobs.
 */
export async function layOut(
  { nodes, edges }: Pick<Topology, 'nodes' | 'edges'>,
  room: Room = 'wide',
): Promise<Places> {
  const { default: Elk } = await import('elkjs/lib/elk.bundled.js')
  const columns = columnsOf(nodes, room)
  const graph: ElkNode = {
    id: 'map',
    layoutOptions,
    children: nodes.map((node, at) => ({
      id: node.id,
      ...sizeOf(node, room),
      x: columns.get(node.lane) ?? 0,
      y: at * 100,
    })),
    edges: edges.map(({ id, from, to }) => ({ id, sources: [from], targets: [to] })),
  }
  const { children = [] } = await new Elk().layout(graph)
  const heights = new Map(children.map(({ id, y = 0 }) => [id, y]))
  return new Map(
    nodes.map((node) => [
      node.id,
      { x: columns.get(node.lane) ?? 0, y: heights.get(node.id) ?? 0, ...sizeOf(node, room) },
    ]),
  )
}

const layoutOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.separateConnectedComponents': 'false',
  'elk.layered.cycleBreaking.strategy': 'INTERACTIVE',
  'elk.layered.layering.strategy': 'INTERACTIVE',
  'elk.layered.crossingMinimization.strategy': 'INTERACTIVE',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.edgeRouting': 'POLYLINE',
  'elk.spacing.nodeNode': '8',
  'elk.spacing.edgeNode': '6',
  'elk.spacing.edgeEdge': '4',
}

/** Where the lanes begin that have nodes. */
function columnsOf(nodes: readonly TopologyNode[], room: Room): Map<Lane, number> {
  const found = new Map<Lane, number>()
  let x = 0
  for (const lane of lanes) {
    if (!nodes.some((node) => node.lane === lane)) continue
    found.set(lane, x)
    x += widths[room][lane] + gaps[room]
  }
  return found
}
