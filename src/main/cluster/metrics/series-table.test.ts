import { describe, expect, it } from 'vitest'
import { historyCells, SeriesTable } from './series-table.ts'

const first = 1_000_000
const read = (table: SeriesTable, slot: number | undefined, from: number, to: number): (number | null)[] =>
  [...table.read(slot, from, to)].map((value) => (Number.isNaN(value) ? null : value))

describe('the series table', () => {
  it('keeps values by cell, with gaps', () => {
    const table = new SeriesTable()
    const slot = table.begin(first)
    table.set(slot, first, 1)
    table.set(slot, first + 2, 3)
    expect(read(table, slot, first - 1, first + 3)).toEqual([null, 1, null, 3, null])
  })

  it('keeps one hour', () => {
    const table = new SeriesTable()
    const slot = table.begin(first)
    for (let i = 0; i <= historyCells; i++) table.set(slot, first + i, i)
    expect(read(table, slot, first, first + 2)).toEqual([null, 1, 2])
    expect(table.bytes).toBe(256 * 4 * historyCells)
  })

  it('adds up sums per cell', () => {
    const table = new SeriesTable()
    const slot = table.begin(first)
    table.add(slot, first, 1)
    table.add(slot, first, 2)
    table.add(slot, first + 1, 4)
    expect(read(table, slot, first, first + 1)).toEqual([3, 4])
  })

  it('uses the room of a series that has ended again, without its values', () => {
    const table = new SeriesTable()
    const old = table.begin(first)
    table.set(old, first, 1)
    table.set(old, first + 1, 2)
    table.end(old)
    const fresh = table.begin(first + 1)
    expect(fresh).toBe(old)
    table.add(fresh, first + 2, 5)
    expect(read(table, fresh, first, first + 2).slice(0, 1)).toEqual([null])
    expect(table.size).toBe(1)
  })

  it('grows in the middle of a cell', () => {
    const table = new SeriesTable()
    const slots = Array.from({ length: 1_000 }, (_, i) => {
      const slot = table.begin(first)
      table.set(slot, first, i)
      return slot
    })
    expect(slots.map((slot) => read(table, slot, first, first)[0])).toEqual(slots.map((_, i) => i))
  })

  it('keeps no history of more series than the limit', () => {
    const table = new SeriesTable(1)
    table.set(table.begin(first), first, 1)
    const further = table.begin(first)
    table.set(further, first, 2)
    expect(further).toBeUndefined()
    expect(read(table, further, first, first)).toEqual([null])
  })

  it('begins anew when the clock is set back', () => {
    const table = new SeriesTable()
    const slot = table.begin(first)
    table.set(slot, first, 1)
    table.set(slot, first - 100, 2)
    expect(read(table, slot, first, first)).toEqual([null])
  })
})
