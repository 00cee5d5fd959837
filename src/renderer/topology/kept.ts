import { jsonEqual } from '#shared/kube/json.ts'
import type { Topology } from './graph.ts'

/**
 * A topology with the nodes and edges of the one before it where they say the same: what has not changed is not drawn again.
 * @returns the one before where nothing has changed
 */
export function kept(now: Topology, before: Topology | undefined): Topology {
  if (!before) return now
  const nodes = keptItems(now.nodes, before.nodes)
  const edges = keptItems(now.edges, before.edges)
  const isSame =
    nodes === before.nodes &&
    edges === before.edges &&
    jsonEqual([now.problems, now.counts, now.isEmpty], [before.problems, before.counts, before.isEmpty])
  return isSame ? before : { ...now, nodes, edges }
}

function keptItems<T extends { id: string }>(now: readonly T[], before: readonly T[]): readonly T[] {
  const known = new Map(before.map((item) => [item.id, item]))
  const items = now.map((item) => {
    const old = known.get(item.id)
    return old && jsonEqual(old, item) ? old : item
  })
  return items.length === before.length && items.every((item, at) => item === before[at]) ? before : items
}
