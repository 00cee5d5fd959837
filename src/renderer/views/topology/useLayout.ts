import { computed, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { Topology } from '../../topology/graph.ts'
import { layOut, sizeOf, type Places, type Room } from '../../topology/layout.ts'

/** What is drawn: a topology with the places of its nodes, which are those of its shape. */
export interface DrawnMap {
  topology: Topology
  places: Places
  shape: string
}

/**
 * Places a topology anew when its shape changes. Layouts may end in another order than they began: only the last one counts,
 * whether it ends well or fails.
 */
export function useLayout(
  topology: () => Topology,
  room: () => Room,
  place: (topology: Topology, room: Room) => Promise<Places> = layOut,
): { drawn: Readonly<ShallowRef<DrawnMap | undefined>>; failure: Readonly<Ref<string>> } {
  const drawn = shallowRef<DrawnMap>()
  const failure = ref('')
  const shape = computed(() => shapeOf(topology(), room()))
  let last: symbol | undefined
  watch(
    shape,
    async (wanted) => {
      const mine = (last = Symbol())
      try {
        const places = await place(topology(), room())
        if (mine !== last) return
        // Its states and texts may have changed meanwhile; with another shape, the next layout is on its way.
        if (shapeOf(topology(), room()) === wanted) drawn.value = { topology: topology(), places, shape: wanted }
        failure.value = ''
      } catch (error) {
        if (mine === last) failure.value = messageOf(error)
      }
    },
    { immediate: true },
  )
  watch(topology, (now) => {
    if (drawn.value?.shape === shape.value) drawn.value = { ...drawn.value, topology: now }
  })
  return { drawn, failure }
}

/** What the places depend on: states and texts change without a new layout. */
const shapeOf = ({ nodes, edges }: Topology, room: Room): string =>
  JSON.stringify([room, nodes.map((node) => [node.id, sizeOf(node).height]), edges.map(({ id }) => id)])
