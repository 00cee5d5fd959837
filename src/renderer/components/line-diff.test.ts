import { describe, expect, test } from 'vitest'
import { besideEachOther, lineDiff, markedPieces, type DiffLine } from './line-diff.ts'

const marked = (line: DiffLine | undefined): string[] =>
  line ? markedPieces(line).flatMap(({ text, isMarked }) => (isMarked ? [text] : [])) : []

describe('the words that differ', () => {
  test.each([
    ['  replicas: 3', '  replicas: 4', ['3'], ['4']],
    ['    image: shop/web:2.7.3', '    image: shop/web:2.9.0', ['7.3'], ['9.0']],
    ['  url: postgres:5432/shop', '  url: postgres:5432/checkout', ['shop'], ['checkout']],
  ])('of %j and %j are marked', (before, after, left, right) => {
    const [removed, added] = lineDiff(before, after)
    expect([marked(removed), marked(added)]).toEqual([left, right])
  })
  test('are none where the lines have little in common', () => {
    expect(lineDiff('  securityContext: {}', '  - name: CHECKOUT').flatMap(marked)).toEqual([])
  })
  test('leave the text of a line as it is', () => {
    const [line] = lineDiff('a b c', 'a x c')
    expect(line && markedPieces(line).map(({ text }) => text)).toEqual(['a ', 'b', ' c'])
  })
})

test('beside each other stand equal lines, and lines with what replaces them', () => {
  const rows = besideEachOther(lineDiff('a: 1\nb: 2\nc: 3\nd: 4', 'a: 1\nb: 3\nx: 1\nc: 3'))
  expect(rows.map(({ left, right }) => [left?.before, left?.text, right?.after, right?.text])).toEqual([
    [1, 'a: 1', 1, 'a: 1'],
    [2, 'b: 2', 2, 'b: 3'],
    [undefined, undefined, 3, 'x: 1'],
    [3, 'c: 3', 4, 'c: 3'],
    [4, 'd: 4', undefined, undefined],
  ])
})

test('a stretch of equal lines that is folded stands once, for both sides', () => {
  const long = Array.from({ length: 10 }, (_, at) => `line ${at}`).join('\n')
  const [first] = besideEachOther(lineDiff(`${long}\nx`, `${long}\ny`))
  expect([first?.left, first?.right]).toMatchObject([{ is: 'folded', count: 8 }, { is: 'folded' }])
})

test('long lines that have nothing in common take no seconds, and one change in a long line is found', () => {
  const noise = (seed: number): string =>
    Array.from({ length: 12_000 }, (_, at) => ((at * seed) % 9_973).toString(36).slice(-1)).join('')
  const begun = performance.now()
  const lines = lineDiff(noise(7_919), noise(6_101))
  expect(performance.now() - begun).toBeLessThan(2_000)
  expect(lines.map(({ is }) => is)).toEqual(['removed', 'added'])
  const long = noise(7_919)
  const [removed, added] = lineDiff(`${long}1${long}`, `${long}two${long}`)
  expect([marked(removed), marked(added)]).toEqual([['1'], ['two']])
})
