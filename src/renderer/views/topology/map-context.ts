import { inject, provide, type InjectionKey, type Ref } from 'vue'
import type { Problem } from '../../topology/problems.ts'

/** What nodes and edges of a map share. */
export interface MapContext {
  context: () => string
  /** What a node leads to, as one text: a node is drawn again only when that changes. */
  nextNames: (id: string) => string
  /** The node that Tab leads to; the arrow keys move it. */
  current: Ref<string>
  /** The node that is hovered or focused: where its pods run is drawn plainly. */
  active: Ref<string>
  /** Whether texts are too small to be read: nodes are drawn without them. */
  isFar: Readonly<Ref<boolean>>
  /** The problem that is read in the panel. */
  chosen: () => string | undefined
  choose: (problem: Problem) => void
  fold: (group: string) => void
}

const key: InjectionKey<MapContext> = Symbol('map')
export const provideMap = (map: MapContext): void => provide(key, map)
export function useMap(): MapContext {
  const map = inject(key)
  if (!map) throw new Error('A node of a map is used without its map')
  return map
}
