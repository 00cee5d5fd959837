import { useVirtualizer } from '@tanstack/vue-virtual'
import { computed, nextTick, onBeforeUnmount, onMounted, ref, shallowRef, watch, type Ref } from 'vue'
import type { LogBuffer, LogLine } from './log-buffer.ts'
import { indexFrom, LogRows, type LogFilter } from './log-rows.ts'

/** Of a line that is not wrapped, px. */
export const rowHeight = 18

export interface LogViewOptions {
  buffer: LogBuffer
  /** The element that scrolls. */
  viewport: Ref<HTMLElement | undefined>
  wrap: Ref<boolean>
  filter: Ref<LogFilter>
  /** What stands above the first line and scrolls with it, px. */
  above(): number
  shown(): boolean
  onDrawn(): void
}

/**
 * The lines in sight of a buffer that is not reactive: drawn once a frame however many lines have come, kept at the end
 * while it follows, and kept in place while the reader has scrolled up, whatever comes, goes or is filtered.
 */
export function useLogView({ buffer, viewport, wrap, filter, above, shown, onDrawn }: LogViewOptions) {
  const searched = new LogRows()
  const rows = shallowRef<readonly LogLine[]>([])
  const matches = shallowRef<readonly number[]>([])
  /** Counts drawings; reading it makes a computed value follow the buffer. */
  const version = ref(0)
  const scrollTop = ref(0)
  const viewHeight = ref(300)
  const following = ref(true)
  /** Lines that had come when following ended. */
  const seen = ref(0)
  /** Number of the line that was gone to: a match, or a time. */
  const current = ref<number>()
  /** The first line in sight, and how far it is above the edge, px. */
  let anchor: { number: number; offset: number } | undefined
  let scheduled = false

  /** Wrapped lines have heights of their own, measured as they come into sight. */
  const wrapped = useVirtualizer(
    computed(() => ({
      count: wrap.value ? (void version.value, rows.value.length) : 0,
      getScrollElement: () => viewport.value ?? null,
      estimateSize: () => rowHeight,
      overscan: 20,
      scrollMargin: above(),
      getItemKey: (index: number) => rows.value[index]?.number ?? index,
    })),
  )
  const measure = (row: unknown): void => wrapped.value.measureElement(row instanceof Element ? row : null)

  const visible = computed<{ line: LogLine; at: number; top: number }[]>(() => {
    void version.value
    if (wrap.value)
      return wrapped.value.getVirtualItems().flatMap(({ index, start: top }) => {
        const line = rows.value[index]
        return line ? [{ line, at: index, top: top - above() }] : []
      })
    const first = Math.max(0, Math.floor((scrollTop.value - above()) / rowHeight) - 10)
    const last = Math.min(rows.value.length, first + Math.ceil(viewHeight.value / rowHeight) + 20)
    return rows.value
      .slice(first, last)
      .map((line, index) => ({ line, at: first + index, top: (first + index) * rowHeight }))
  })
  const height = computed(() => {
    void version.value
    return wrap.value ? wrapped.value.getTotalSize() : rows.value.length * rowHeight
  })
  const counts = computed(() => {
    void version.value
    return {
      lines: buffer.total - buffer.dropped,
      dropped: buffer.dropped,
      rows: rows.value.length,
      unread: following.value ? 0 : buffer.total - seen.value,
      levels: new Map(buffer.levels),
    }
  })

  /** Takes up what is new in the buffer. Drawn at the next frame. */
  function draw(): void {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(() => {
      scheduled = false
      const found = searched.update(buffer.lines, filter.value)
      // The buffer's own list is replaced when lines are dropped, and else grows in place.
      rows.value = found.rows
      matches.value = found.matches
      version.value++
      onDrawn()
      void nextTick(settle)
    })
  }
  function settle(): void {
    if (following.value) toEnd()
    else toAnchor()
  }
  function toEnd(): void {
    if (!viewport.value) return
    viewport.value.scrollTop = viewport.value.scrollHeight
    scrollTop.value = viewport.value.scrollTop
  }
  const topOf = (at: number): number =>
    above() +
    (wrap.value ? (wrapped.value.measurementsCache[at]?.start ?? above() + at * rowHeight) - above() : at * rowHeight)

  /** Puts the line that was first in sight back to where it was; when it has been dropped, the oldest one. */
  function toAnchor(): void {
    const box = viewport.value
    if (!box || !anchor) return
    const at = indexFrom(rows.value, anchor.number)
    const isThere = rows.value[at]?.number === anchor.number
    const top = Math.max(0, topOf(at) - (isThere ? anchor.offset : 0))
    if (Math.abs(box.scrollTop - top) < 1) return
    box.scrollTop = top
    scrollTop.value = box.scrollTop
  }
  function onScroll(): void {
    const box = viewport.value
    if (!box) return
    scrollTop.value = box.scrollTop
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < rowHeight * 2
    if (following.value && !atEnd) seen.value = buffer.total
    following.value = atEnd
    remember()
  }
  function remember(): void {
    const top = scrollTop.value
    const first = visible.value.find((_row, index, all) => (all[index + 1]?.top ?? Infinity) + above() > top)
    anchor = first && { number: first.line.number, offset: topOf(first.at) - top }
  }
  function follow(): void {
    following.value = true
    toEnd()
  }
  /** Brings a line into the middle, and marks it. @param number of the line, or of the next one that is shown */
  function goTo(number: number): void {
    const at = Math.min(indexFrom(rows.value, number), rows.value.length - 1)
    const line = rows.value[at]
    if (!line || !viewport.value) return
    if (following.value) seen.value = buffer.total
    following.value = false
    current.value = line.number
    if (wrap.value) wrapped.value.scrollToIndex(at, { align: 'center' })
    const middle = Math.max(0, viewHeight.value / 2 - rowHeight)
    anchor = { number: line.number, offset: middle }
    toAnchor()
    void nextTick(toAnchor)
  }

  const observer = new ResizeObserver(() => {
    viewHeight.value = viewport.value?.clientHeight ?? 300
    settle()
  })
  onMounted(() => {
    if (viewport.value) observer.observe(viewport.value)
  })
  onBeforeUnmount(() => observer.disconnect())
  watch([filter, wrap, above], draw)
  watch(shown, () => void nextTick(settle))

  return { rows, visible, height, counts, following, matches, current, measure, draw, onScroll, follow, goTo }
}
