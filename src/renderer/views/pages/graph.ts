import type { ObjectLink } from '../../explain/index.ts'
import type { RelatedGroup, RelatedObject } from '../../kinds/related.ts'

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
/** Rows of boxes. */
const most = 12

/**
 * Owners left, the object, and what belongs to it right, as a tree from left to right: pods that something between owns
 * hang on that.
 * @param owners the topmost first
 */
export function graphOf(self: ObjectLink, owners: readonly ObjectLink[], groups: readonly RelatedGroup[]): Graph {
  const all = groups
    .filter(({ id }) => id !== 'owners')
    .flatMap(({ items }) => items)
    .filter((item, at, items) => items.findIndex((each) => isSame(each, item)) === at)
  const branches = branchesOf(all)
  const shown = cut(branches, most)
  const rows = Math.max(
    1,
    shown.reduce((sum, { leaves }) => sum + Math.max(1, leaves.length), 0),
  )
  const height = rows * (box.height + gap.y) - gap.y
  const chain = [...owners, self].map((link, at): GraphNode => ({
    ...link,
    x: column(at),
    y: (height - box.height) / 2,
    isThis: at === owners.length,
  }))
  const center = chain[chain.length - 1]
  const nodes = [...chain]
  const edges = chain.slice(1).map((to, at) => path(chain[at], to))
  let row = 0
  for (const { item, leaves } of shown) {
    const span = Math.max(1, leaves.length)
    const branch = placed(item, chain.length, row + (span - 1) / 2)
    nodes.push(branch)
    edges.push(path(center, branch))
    for (const [at, leaf] of leaves.entries()) {
      const node = placed(leaf, chain.length + 1, row + at)
      nodes.push(node)
      edges.push(path(branch, node))
    }
    row += span
  }
  return {
    nodes,
    edges: edges.filter((edge) => edge !== ''),
    width: Math.max(...nodes.map(({ x }) => x)) + box.width,
    height,
    left: all.length - (nodes.length - chain.length),
  }
}

/** What belongs to the object itself, with what belongs to that. */
interface Branch {
  item: RelatedObject
  leaves: readonly RelatedObject[]
}
const isSame = (a: Pick<RelatedObject, 'kind' | 'name'>, b: Pick<RelatedObject, 'kind' | 'name'>): boolean =>
  a.kind === b.kind && a.name === b.name

function branchesOf(all: readonly RelatedObject[]): Branch[] {
  const isBelow = ({ owner }: RelatedObject): boolean => owner !== undefined && all.some((each) => isSame(each, owner))
  return all
    .filter((item) => !isBelow(item))
    .map((item) => ({ item, leaves: all.filter(({ owner }) => owner !== undefined && isSame(owner, item)) }))
    .sort((a, b) => Number(b.leaves.length > 0) - Number(a.leaves.length > 0))
}

/** As many as there are rows for. */
function cut(branches: readonly Branch[], rows: number): Branch[] {
  let free = rows
  return branches.flatMap(({ item, leaves }) => {
    if (free <= 0) return []
    const shown = leaves.slice(0, free)
    free -= Math.max(1, shown.length)
    return [{ item, leaves: shown }]
  })
}

const column = (at: number): number => at * (box.width + gap.x)
const placed = ({ kind, name, namespace }: RelatedObject, at: number, row: number): GraphNode => ({
  kind,
  name,
  namespace,
  x: column(at),
  y: row * (box.height + gap.y),
  isThis: false,
})

function path(from: GraphNode | undefined, to: GraphNode): string {
  if (!from) return ''
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2]
  const bend = (x1 + x2) / 2
  return `M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`
}
