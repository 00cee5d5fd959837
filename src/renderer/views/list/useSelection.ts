import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { ObjectRow } from '../../kinds/rows.ts'

export interface Selection {
  ids: Ref<ReadonlySet<string>>
  /** How many left the selection because the filter hides them now. */
  dropped: Ref<number>
  toggle(id: string): void
  /** Selects all rows between the one that was last touched and this one. */
  extendTo(id: string): void
  toggleAll(): void
  selectAll(): void
  clear(): void
  /** Whether there are rows that are not selected. */
  isPartial: ComputedRef<boolean>
}

/** The selected rows of a list: never rows that are not shown, so that nothing is done to what nobody sees. */
export function useSelection(rows: () => readonly ObjectRow[], exists: (id: string) => boolean): Selection {
  const ids = ref<ReadonlySet<string>>(new Set())
  const dropped = ref(0)
  let anchor: string | undefined
  watch(rows, (now) => {
    if (ids.value.size === 0) return
    const shown = new Set(now.map(({ id }) => id))
    const kept = [...ids.value].filter((id) => shown.has(id))
    if (kept.length === ids.value.size) return
    // What was deleted is gone, and nothing to speak of.
    dropped.value += [...ids.value].filter((id) => !shown.has(id) && exists(id)).length
    ids.value = new Set(kept)
  })
  const set = (next: Iterable<string>): void => {
    dropped.value = 0
    ids.value = new Set(next)
  }
  return {
    ids,
    dropped,
    toggle(id) {
      anchor = id
      const next = new Set(ids.value)
      if (!next.delete(id)) next.add(id)
      set(next)
    },
    extendTo(id) {
      const all = rows().map((row) => row.id)
      const to = all.indexOf(id)
      const from = anchor === undefined ? -1 : all.indexOf(anchor)
      if (from < 0) anchor = id
      const range = from < 0 ? [id] : all.slice(Math.min(from, to), Math.max(from, to) + 1)
      set([...ids.value, ...range])
    },
    toggleAll() {
      const all = rows()
      set(ids.value.size === all.length ? [] : all.map(({ id }) => id))
    },
    selectAll: () => set(rows().map(({ id }) => id)),
    clear: () => set([]),
    isPartial: computed(() => ids.value.size < rows().length),
  }
}
