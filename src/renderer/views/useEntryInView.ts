import { onScopeDispose, watch, type Ref, type WatchSource } from 'vue'

/**
 * Scrolls the entry of the page that is shown into view, after a change of what is asked for, and when the list itself
 * comes to be shown. Where the page has several entries, one of them in sight is enough: nothing moves under the pointer of
 * who has just clicked.
 */
export function useEntryInView(scroller: Ref<HTMLElement | undefined>, changes: WatchSource[]): void {
  let isShown = false
  const look = (): void => {
    const box = scroller.value?.getBoundingClientRect()
    const entries = [...(scroller.value?.querySelectorAll('[aria-current=page]') ?? [])]
    const isInSight = (entry: Element): boolean => {
      const { top, bottom } = entry.getBoundingClientRect()
      return box !== undefined && top >= box.top && bottom <= box.bottom
    }
    if (!entries.some(isInSight)) entries[0]?.scrollIntoView({ block: 'center' })
  }
  // Nothing scrolls in a sidebar that is folded away.
  const sizes = new ResizeObserver(([entry]) => {
    const wasShown = isShown
    isShown = (entry?.contentRect.height ?? 0) > 0
    if (isShown && !wasShown) look()
  })
  watch([scroller, ...changes], look, { flush: 'post' })
  watch(scroller, (element) => {
    sizes.disconnect()
    if (element) sizes.observe(element)
  })
  onScopeDispose(() => sizes.disconnect())
}
