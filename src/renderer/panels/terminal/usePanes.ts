import { computed, ref, shallowRef } from 'vue'
import type { PaneSpec } from './pane.ts'

/** How the panes of a terminal share its room. */
export type PaneLayout = 'one' | 'split' | 'grid'
export const paneLayouts: readonly PaneLayout[] = ['one', 'split', 'grid']

/** The sessions of one terminal tab. */
export function usePanes(first: Omit<PaneSpec, 'id'>) {
  let next = 1
  const panes = shallowRef<readonly PaneSpec[]>([{ ...first, id: 0 }])
  const active = ref(0)
  const layout = ref<PaneLayout>('one')
  const columns = computed(() =>
    layout.value === 'grid' ? Math.ceil(Math.sqrt(panes.value.length)) : panes.value.length,
  )

  /** Adds a session beside the others. */
  function add(pane: Omit<PaneSpec, 'id'>): void {
    const id = next++
    panes.value = [...panes.value, { ...pane, id }]
    active.value = id
    if (layout.value === 'one') layout.value = 'split'
    if (panes.value.length > 3) layout.value = 'grid'
  }
  function close(id: number): void {
    panes.value = panes.value.filter((pane) => pane.id !== id)
    if (active.value === id) active.value = panes.value.at(-1)?.id ?? 0
    if (panes.value.length === 1) layout.value = 'one'
  }
  function change(id: number, to: Partial<PaneSpec>): void {
    panes.value = panes.value.map((pane) => (pane.id === id ? { ...pane, ...to } : pane))
  }
  /** Puts a new session in the place of one. */
  function replace(id: number, pane: Omit<PaneSpec, 'id'>): void {
    const made = next++
    panes.value = panes.value.map((each) => (each.id === id ? { ...pane, id: made } : each))
    active.value = made
  }
  return { panes, active, layout, columns, add, close, change, replace }
}
