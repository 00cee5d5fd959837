/** Points per series: one hour. */
export const historyCells = 360
/** Length of a cell, ms. */
export const cellMs = 10_000

/** The cell of a time, ms since the epoch: all series have their points on this one grid. */
export const cellOf = (ms: number): number => Math.floor(ms / cellMs)

/**
 * The last hour of many series, one value per cell of ten seconds. One typed array per cell holds the values of all
 * series, so memory grows with time and with the number of series, up to 1,440 bytes each, and stays bounded. A cell
 * that has passed out of the hour gives its array to the newest one.
 */
export class SeriesTable {
  readonly #columns: Float32Array[] = Array.from({ length: historyCells }, () => new Float32Array(0))
  /** The cell that each column holds. */
  readonly #held = new Float64Array(historyCells).fill(-1)
  /** First cell of the series in each slot: a slot is used again after its series has gone. */
  readonly #born: number[] = []
  readonly #free: number[] = []
  readonly #limit: number
  #newest = -1

  /** @param limit most series; further ones keep no history */
  constructor(limit = 250_000) {
    this.#limit = limit
  }

  /** Number of series. */
  get size(): number {
    return this.#born.length - this.#free.length
  }

  /** Bytes of all values. */
  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.byteLength, 0)
  }

  /** Begins a series at `cell`. @returns its slot; undefined when there are too many */
  begin(cell: number): number | undefined {
    const slot = this.#free.pop() ?? (this.#born.length < this.#limit ? this.#born.length : undefined)
    if (slot !== undefined) this.#born[slot] = cell
    return slot
  }

  end(slot: number | undefined): void {
    if (slot === undefined) return
    this.#born[slot] = Infinity
    this.#free.push(slot)
  }

  set(slot: number | undefined, cell: number, value: number): void {
    const column = slot === undefined ? undefined : this.#columnFor(cell, slot)
    if (column && slot !== undefined) column[slot] = value
  }

  /** Adds to the value of a sum; a cell without one counts as 0. */
  add(slot: number | undefined, cell: number, value: number): void {
    const column = slot === undefined ? undefined : this.#columnFor(cell, slot)
    if (!column || slot === undefined) return
    const present = column[slot] ?? Number.NaN
    column[slot] = Number.isNaN(present) || cell < (this.#born[slot] ?? Infinity) ? value : present + value
  }

  /** The values of cells `from` to `to`, both included; NaN where there is none. */
  read(slot: number | undefined, from: number, to: number): Float32Array {
    const values = new Float32Array(Math.max(0, to - from + 1)).fill(Number.NaN)
    if (slot === undefined) return values
    for (let cell = Math.max(from, this.#born[slot] ?? Infinity); cell <= to; cell++) {
      const at = cell % historyCells
      if (this.#held[at] === cell) values[cell - from] = this.#columns[at]?.[slot] ?? Number.NaN
    }
    return values
  }

  #columnFor(cell: number, slot: number): Float32Array | undefined {
    if (cell > this.#newest) this.#newest = cell
    // The clock was set back: what was recorded for these times is void.
    else if (cell < this.#newest - 2) {
      this.#held.fill(-1)
      this.#newest = cell
    }
    const at = cell % historyCells
    let column = this.#columns[at]
    if (!column) return undefined
    if (this.#held[at] !== cell) {
      if (column.length < this.#born.length) column = new Float32Array(roundedUp(this.#born.length))
      this.#columns[at] = column.fill(Number.NaN)
      this.#held[at] = cell
    }
    if (slot >= column.length) {
      const wider = new Float32Array(roundedUp(this.#born.length)).fill(Number.NaN)
      wider.set(column)
      this.#columns[at] = column = wider
    }
    return column
  }
}

/** Room for some more series, so that each new one does not copy the column. */
const roundedUp = (count: number): number => Math.ceil((count + 1) / 256) * 256
