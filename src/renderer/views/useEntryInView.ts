import { watch, type Ref, type WatchSource } from 'vue'

/**
 * Scrolls the entry of the page that is shown into view, after a change of what is asked for. Where the page has several
 * entries, one of them in sight is enough: nothing moves under the pointer of who has just clicked.
 */
export function useEntryInView(scroller: Ref<HTMLElement | undefined>, changes: WatchSource[]): void {
  watch(
    [scroller, ...changes],
    () => {
      const box = scroller.value?.getBoundingClientRect()
      const entries = [...(scroller.value?.querySelectorAll('[aria-current=page]') ?? [])]
      const isInSight = (entry: Element): boolean => {
        const { top, bottom } = entry.getBoundingClientRect()
        return box !== undefined && top >= box.top && bottom <= box.bottom
      }
      if (!entries.some(isInSight)) entries[0]?.scrollIntoView({ block: 'center' })
    },
    { flush: 'post' },
  )
}
