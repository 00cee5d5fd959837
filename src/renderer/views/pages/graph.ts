import type { ObjectLink } from '../../explain/index.ts'
import type { RelatedGroup } from '../../kinds/related.ts'

/** A box of the graph with its place, px. */
export interface GraphNode extends ObjectLink {
  x: number
  y: number
  isThis: boolean
}
export interface Graph {
  nodes: GraphNode[]
  /** Paths between boxes, as SVG has them. */
  edges: string[]
  width: number
  height: number
  /** Objects that have no box: there are too many. */
  left: number
}

export const box = { width: 200, height: 36 }
const gap = { x: 56, y: 10 }
/** Boxes of one column. */
const most = 12

/**
 * Owners left, the object, and what belongs to it right, as a tree from left to right.
 * @param owners the topmost first
 */
export function graphOf(self: ObjectLink, owners: readonly ObjectLink[], groups: readonly RelatedGroup[]): Graph {
  const all = groups
    .filter(({ id }) => id !== 'owners')
    .flatMap(({ items }) => items)
    .filter((item, at, items) => items.findIndex((each) => each.kind === item.kind && each.name === item.name) === at)
  const shown = all.slice(0, most)
  const height = Math.max(1, shown.length) * (box.height + gap.y) - gap.y
  const middle = (height - box.height) / 2
  const column = (at: number): number => at * (box.width + gap.x)
  const chain = [...owners, self].map((link, at): GraphNode => ({
    ...link,
    x: column(at),
    y: middle,
    isThis: at === owners.length,
  }))
  const below = shown.map(({ kind, name, namespace }, at): GraphNode => ({
    kind,
    name,
    namespace,
    x: column(chain.length),
    y: at * (box.height + gap.y),
    isThis: false,
  }))
  const center = chain[chain.length - 1]
  const edges = [...chain.slice(1).map((to, at) => path(chain[at], to)), ...below.map((to) => path(center, to))].filter(
    (edge) => edge !== '',
  )
  return {
    nodes: [...chain, ...below],
    edges,
    width: column(chain.length + (below.length > 0 ? 1 : 0)) - gap.x,
    height,
    left: all.length - shown.length,
  }
}

function path(from: GraphNode | undefined, to: GraphNode): string {
  if (!from) return ''
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2]
  const bend = (x1 + x2) / 2
  return `M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`
}
