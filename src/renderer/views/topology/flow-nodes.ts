import type { Node } from '@vue-flow/core'
import { headroom } from '../../topology/viewport.ts'
import { inReadingOrder } from '../../topology/walk.ts'
import type { DrawnMap } from './useLayout.ts'

const plain = { draggable: false, selectable: false, connectable: false, focusable: false }
/** It has no role of its own: the link within is the node. */
const silent = { 'aria-roledescription': undefined }

/**
 * Where Vue Flow puts a node, said by offsets: a transform of its own for each would make the browser sort them all into layers
 * again in every frame in which the map moves.
 */
const at = ({ x, y }: { x: number; y: number }) => ({ left: `${x}px`, top: `${y}px`, transform: 'none' })

/**
 * The nodes as Vue Flow draws them, lane by lane, each lane under its heading.
 * @param before what was drawn: nodes that say the same at the same place are kept
 */
export function flowNodes(
  { topology, places }: Pick<DrawnMap, 'topology' | 'places'>,
  before: readonly Node[] = [],
): Node[] {
  const known = new Map(before.map((node) => [node.id, node]))
  const lanes = Map.groupBy(inReadingOrder(topology.nodes, places), ({ lane }) => lane)
  return [...lanes].flatMap(([lane, inLane]): Node[] => {
    const x = places.get(inLane[0]?.id ?? '')?.x ?? 0
    const above = { x, y: -headroom }
    const heading = { ...plain, id: `lane ${lane}`, type: 'heading', position: above, style: at(above), data: lane }
    const objects = inLane.flatMap((node): Node[] => {
      const place = places.get(node.id)
      if (!place) return []
      const old = known.get(node.id)
      if (old?.data === node && old.position === place) return [old]
      const style = { ...at(place), width: `${place.width}px`, height: `${place.height}px` }
      return [{ ...plain, id: node.id, type: 'object', position: place, data: node, style, domAttributes: silent }]
    })
    return [{ ...heading, domAttributes: silent }, ...objects]
  })
}
