import { expect, test } from 'vitest'
import { boundsOf, firstView, reveal, wholeView, zoomed } from './viewport.ts'

const window = { width: 1_000, height: 600 }
const places = new Map([
  ['left', { x: 0, y: 0, width: 200, height: 40 }],
  ['low', { x: 600, y: 2_000, width: 200, height: 40 }],
])

test('a map is first shown from its top, all lanes in the middle, no larger than it is', () => {
  expect(firstView(places, window)).toEqual({ x: 100, y: 44, zoom: 1 })
})

test('a map that is too wide begins at its left, where it can still be read', () => {
  expect(firstView(places, { width: 400, height: 600 })).toMatchObject({ x: 24, zoom: 0.7 })
})

test('the whole map fits into the window', () => {
  const { y, zoom } = wholeView(places, window)
  expect(zoom).toBeCloseTo(576 / 2_076)
  expect(y + 2_040 * zoom).toBeLessThan(600)
})

test('what is drawn begins with the titles of the lanes and ends with the last place', () => {
  expect(boundsOf(places)).toEqual({ x: 0, y: -36, width: 800, height: 2_076 })
})

test('the view moves no more than is needed for a place to be seen', () => {
  const view = { x: 0, y: 0, zoom: 1 }
  const shown = { x: 100, y: 100, width: 200, height: 40 }
  expect(reveal(view, shown, window)).toEqual(view)
  expect(reveal(view, { ...shown, y: 700 }, window)).toEqual({ x: 0, y: -164, zoom: 1 })
  expect(reveal(view, { ...shown, x: -50 }, window)).toEqual({ x: 74, y: 0, zoom: 1 })
})

test('zooming keeps what is in the middle, within limits', () => {
  expect(zoomed({ x: 0, y: 0, zoom: 1 }, 2, window)).toEqual({ x: -500, y: -300, zoom: 2 })
  expect(zoomed({ x: 0, y: 0, zoom: 1 }, 0.01, window).zoom).toBe(0.2)
})
