import { expect, test } from 'vitest'
import { placeCards } from './place-cards.ts'

const columns = (heights: number[], ends: number[], before?: number[]): number[] =>
  placeCards(
    heights,
    { ends, row: Math.max(...ends), gap: 12 },
    before?.map((column) => ({ column, offset: 0 })),
  ).map(({ column }) => column)

test('each card stands beneath the column that ends first', () => {
  expect(columns([300, 180], [157, 283, 144])).toEqual([2, 0])
  expect(columns([100, 100, 100], [270, 307, 700])).toEqual([0, 1, 0])
  expect(columns([150, 100], [400, 300, 350, 0])).toEqual([3, 3])
})

test('a card begins a gap beneath what stands above it, counted from the end of the row', () => {
  const places = placeCards([50, 60], { ends: [100, 300], row: 300, gap: 12 })
  expect(places).toEqual([
    { column: 0, offset: -200 },
    { column: 0, offset: -138 },
  ])
  expect(placeCards([50], { ends: [300, 0], row: 300, gap: 12 })).toEqual([{ column: 1, offset: -312 }])
})

test('a card that shows nothing takes no room', () => {
  expect(columns([0, 200, 50], [100, 120])).toEqual([0, 0, 1])
})

test('a column that grows by a line moves no card; one that grows by a card does', () => {
  expect(columns([50], [130, 100], [0])).toEqual([0])
  expect(columns([50], [230, 100], [0])).toEqual([1])
  expect(columns([50], [230], [3])).toEqual([0])
})
