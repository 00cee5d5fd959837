/** A binary heap: the smallest item is taken first; of equal items, the one pushed first. */
export class Heap<T> {
  readonly #items: { item: T; serial: number }[] = []
  readonly #compare: (a: T, b: T) => number
  #serial = 0

  /** @param compare less than 0 when `a` comes before `b` */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]?.item
  }

  push(item: T): void {
    const items = this.#items
    items.push({ item, serial: this.#serial++ })
    for (let at = items.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (!first || !last) return undefined
    if (items.length > 0) {
      items[0] = last
      this.#sink()
    }
    return first.item
  }

  #sink(): void {
    const { length } = this.#items
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < length && this.#isBefore(left, least)) least = left
      if (right < length && this.#isBefore(right, least)) least = right
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(i: number, j: number): boolean {
    const a = this.#items[i]
    const b = this.#items[j]
    if (!a || !b) return false
    return (this.#compare(a.item, b.item) || a.serial - b.serial) < 0
  }

  #swap(i: number, j: number): void {
    const items = this.#items
    const item = items[i]
    const other = items[j]
    if (!item || !other) return
    items[i] = other
    items[j] = item
  }
}
