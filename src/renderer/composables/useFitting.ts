import { computed, onBeforeUnmount, onMounted, onUpdated, ref, type ComputedRef, type Ref } from 'vue'
import { fittingActions } from './fitting-actions.ts'

/** A button that goes into the menu where it has no room. */
export interface Fitting {
  id: string
  /** Its width is that of what it says: the `data-action` of the button. */
  key: string
}

export interface FittingOptions {
  /** The first goes into the menu last, but for deleting and editing, which stand on every page. */
  actions(): readonly Fitting[]
  /** px between two buttons. */
  gap: number
  /** The button of the menu, px. */
  menu: number
  /** The menu is there anyway, for what else is in it. */
  hasMenu?: boolean
}

/** Which buttons have room in a row, whose width and buttons are measured. @returns the ids of those */
export function useFitting(
  row: Readonly<Ref<HTMLElement | null>>,
  { actions, gap, menu, hasMenu = false }: FittingOptions,
): ComputedRef<ReadonlySet<string>> {
  const width = ref(Infinity)
  /** Of the buttons, by what they say. */
  const widths = ref<ReadonlyMap<string, number>>(new Map())

  function measure(): void {
    const found = [...(row.value?.querySelectorAll<HTMLElement>('[data-action]') ?? [])].flatMap(
      ({ dataset, offsetWidth }): [string, number][] => (dataset['action'] ? [[dataset['action'], offsetWidth]] : []),
    )
    if (found.some(([key, each]) => widths.value.get(key) !== each)) widths.value = new Map([...widths.value, ...found])
  }
  const resized = new ResizeObserver(([entry]) => (width.value = entry?.contentRect.width ?? Infinity))
  onMounted(() => {
    if (row.value) {
      resized.observe(row.value)
      // Before the first picture: nothing jumps.
      if (row.value.clientWidth > 0) width.value = row.value.clientWidth
    }
    measure()
  })
  onUpdated(measure)
  onBeforeUnmount(() => resized.disconnect())

  return computed(() => {
    const all = actions().map(({ id, key }) => ({ id, width: widths.value.get(key) }))
    const within = (room: number): string[] => fittingActions(all, room, gap)
    // The last button needs no gap after it where no menu follows.
    const found = hasMenu ? [] : within(width.value + gap)
    return new Set(!hasMenu && found.length === all.length ? found : within(width.value - menu))
  })
}
