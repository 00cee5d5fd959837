import { useVirtualizer } from '@tanstack/vue-virtual'
import { computed, nextTick, onBeforeUnmount, onMounted, ref, shallowRef, watch, type Ref } from 'vue'
import { searchPattern, type LogBuffer, type LogLine } from './log-buffer.ts'
import { LogSearch } from './log-search.ts'

/** Of a line that is not wrapped, px. */
const rowHeight = 18

export interface LogViewOptions {
  buffer: LogBuffer
  /** The element that scrolls. */
  viewport: Ref<HTMLElement | undefined>
  wrap: Ref<boolean>
  search: Ref<string>
  shown(): boolean
}

/**
 * The lines in sight of a buffer that is not reactive: drawn once a frame however many lines have come, kept at the end
 * while it follows, and kept in place while the reader has scrolled up.
 */
export function useLogView({ buffer, viewport, wrap, search, shown }: LogViewOptions) {
  /** Counts drawings; reading it makes a computed value follow the buffer. */
  const version = ref(0)
  const scrollTop = ref(0)
  const viewHeight = ref(300)
  const following = ref(true)
  /** Lines that had come when following ended. */
  const seen = ref(0)
  let scheduled = false
  let dropped = 0

  const { pattern, matches, match, current, find } = useMatches(buffer, search)

  /** Wrapped lines have heights of their own, measured as they come into sight. */
  const wrapped = useVirtualizer(
    computed(() => ({
      count: wrap.value ? (void version.value, buffer.lines.length) : 0,
      getScrollElement: () => viewport.value ?? null,
      estimateSize: () => rowHeight,
      overscan: 20,
      getItemKey: (index: number) => buffer.lines[index]?.number ?? index,
    })),
  )
  const measure = (row: unknown): void => wrapped.value.measureElement(row instanceof Element ? row : null)

  const visible = computed<{ line: LogLine; at: number; top: number }[]>(() => {
    void version.value
    const { lines } = buffer
    if (wrap.value)
      return wrapped.value.getVirtualItems().flatMap(({ index, start: top }) => {
        const line = lines[index]
        return line ? [{ line, at: index, top }] : []
      })
    const first = Math.max(0, Math.floor(scrollTop.value / rowHeight) - 10)
    const last = Math.min(lines.length, first + Math.ceil(viewHeight.value / rowHeight) + 20)
    return lines
      .slice(first, last)
      .map((line, index) => ({ line, at: first + index, top: (first + index) * rowHeight }))
  })
  const height = computed(() => {
    void version.value
    return wrap.value ? wrapped.value.getTotalSize() : buffer.lines.length * rowHeight
  })
  const counts = computed(() => {
    void version.value
    return {
      lines: buffer.lines.length,
      dropped: buffer.dropped,
      unread: following.value ? 0 : buffer.total - seen.value,
    }
  })

  function draw(): void {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(() => {
      scheduled = false
      version.value++
      find()
      if (following.value) void nextTick(toEnd)
      else keepPlace()
    })
  }
  function toEnd(): void {
    if (viewport.value) viewport.value.scrollTop = viewport.value.scrollHeight
  }
  /** Lines that the buffer drops above move the text: the scroll position moves with them. */
  function keepPlace(): void {
    const gone = Math.max(0, buffer.dropped - dropped)
    dropped = buffer.dropped
    if (gone > 0 && viewport.value) viewport.value.scrollTop = Math.max(0, viewport.value.scrollTop - gone * rowHeight)
  }
  function onScroll(): void {
    const box = viewport.value
    if (!box) return
    scrollTop.value = box.scrollTop
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < rowHeight * 2
    if (following.value && !atEnd) seen.value = buffer.total
    following.value = atEnd
  }
  function follow(): void {
    following.value = true
    toEnd()
  }
  /** Goes to the next match, or with -1 to the one before. */
  function step(by: number): void {
    if (matches.value.length === 0) return
    const from = match.value < 0 && by < 0 ? 0 : match.value
    match.value = (from + by + matches.value.length) % matches.value.length
    following.value = false
    seen.value = buffer.total
    const at = (current.value ?? 0) - (buffer.lines[0]?.number ?? 0)
    if (wrap.value) wrapped.value.scrollToIndex(at, { align: 'center' })
    else if (viewport.value) viewport.value.scrollTop = at * rowHeight - viewHeight.value / 2
  }

  const observer = new ResizeObserver(() => {
    viewHeight.value = viewport.value?.clientHeight ?? 300
    if (following.value) toEnd()
  })
  onMounted(() => {
    if (viewport.value) observer.observe(viewport.value)
  })
  onBeforeUnmount(() => observer.disconnect())
  watch(shown, () => void nextTick(() => following.value && toEnd()))

  return { visible, height, counts, following, pattern, matches, match, current, measure, draw, onScroll, follow, step }
}

/** The lines that match what is searched for, by number, and the one that was stepped to. */
function useMatches(buffer: LogBuffer, search: Ref<string>) {
  const pattern = computed(() => searchPattern(search.value))
  const searched = new LogSearch()
  const matches = shallowRef<readonly number[]>([])
  /** Index of the current match; -1 before the first step. */
  const match = ref(-1)
  const current = computed(() => matches.value[match.value])
  const find = (): void => void (matches.value = [...searched.update(buffer.lines, pattern.value)])
  watch(pattern, () => {
    match.value = -1
    find()
  })
  return { pattern, matches, match, current, find }
}
