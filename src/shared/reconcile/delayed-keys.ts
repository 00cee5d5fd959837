import type { Clock } from '../base/clock.ts'
import type { Stop } from '../base/disposable.ts'

/**
 * Keys that become due later, all on one timer. A key that is delayed twice is due at the earlier time.
 */
export class DelayedKeys {
  readonly #clock: Clock
  readonly #due: (keys: readonly string[]) => void
  readonly #times = new Map<string, number>()
  /** A binary heap by time; entries that no longer agree with #times are stale and skipped. */
  readonly #heap: Entry[] = []
  #timer: { at: number; stop: Stop } | undefined

  constructor(clock: Clock, due: (keys: readonly string[]) => void) {
    this.#clock = clock
    this.#due = due
  }

  get size(): number {
    return this.#times.size
  }

  add(key: string, ms: number): void {
    const at = this.#clock.now() + ms
    const present = this.#times.get(key)
    if (present !== undefined && present <= at) return
    this.#times.set(key, at)
    push(this.#heap, { at, key })
    this.#arm()
  }

  clear(): void {
    this.#times.clear()
    this.#heap.length = 0
    void this.#timer?.stop()
    this.#timer = undefined
  }

  #arm(): void {
    const next = this.#heap[0]
    if (!next || (this.#timer && this.#timer.at <= next.at)) return
    void this.#timer?.stop()
    const stop = this.#clock.after(Math.min(Math.max(0, next.at - this.#clock.now()), longestTimer), () => this.#fire())
    this.#timer = { at: next.at, stop }
  }

  #fire(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    const due: string[] = []
    for (let next = this.#heap[0]; next && next.at <= now; next = this.#heap[0]) {
      pop(this.#heap)
      if (this.#times.get(next.key) !== next.at) continue
      this.#times.delete(next.key)
      due.push(next.key)
    }
    this.#arm()
    if (due.length > 0) this.#due(due)
  }
}

/** Timers overflow at 2^31 ms and would fire at once. */
const longestTimer = 2 ** 31 - 1

interface Entry {
  at: number
  key: string
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length
  while (index > 0) {
    const parent = heap[(index - 1) >> 1]
    if (!parent || parent.at <= entry.at) break
    heap[index] = parent
    index = (index - 1) >> 1
  }
  heap[index] = entry
}

/** Removes the first entry. */
function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    const left = heap[child]
    const right = heap[child + 1]
    if (!left) break
    if (right && right.at < left.at) child++
    const smaller = child === 2 * index + 1 ? left : (right ?? left)
    if (smaller.at >= last.at) break
    heap[index] = smaller
    index = child
  }
  heap[index] = last
}
