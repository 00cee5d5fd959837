import { expect, test } from 'vitest'
import { LogBuffer, plain, searchPattern } from './log-buffer.ts'

test('joins pieces to lines, each source for itself', () => {
  const buffer = new LogBuffer()
  buffer.push(0, 'one\ntw')
  buffer.push(1, 'other\n')
  buffer.push(0, 'o\nrest')
  expect(buffer.lines.map(({ source, text }) => `${source}:${text}`)).toEqual(['0:one', '1:other', '0:two'])
  buffer.finish(0)
  expect(buffer.lines.at(-1)?.text).toBe('rest')
})

test('keeps the time of a line apart from its text', () => {
  const buffer = new LogBuffer()
  buffer.push(0, '2026-11-23T10:00:00.5Z hello there\n2026-11-23T10:00:01Z \nno time\n')
  expect(buffer.lines.map(({ time, text }) => [time, text])).toEqual([
    ['2026-11-23T10:00:00.5Z', 'hello there'],
    ['2026-11-23T10:00:01Z', ''],
    ['', 'no time'],
  ])
  expect(buffer.lastTime(0)).toBe('2026-11-23T10:00:01Z')
})

test('a stream that goes on repeats nothing and leaves nothing out', () => {
  const buffer = new LogBuffer()
  buffer.push(0, '2026-11-23T10:00:00.5Z one\n')
  buffer.push(0, '2026-11-23T10:00:00.5Z one\n2026-11-23T10:00:00.51Z two\n', buffer.lastTime(0))
  expect(buffer.lines.map(({ text }) => text)).toEqual(['one', 'two'])
})

test('says how many lines it has let go, and keeps the newest', () => {
  const buffer = new LogBuffer(100)
  for (let i = 0; i < 1_000; i++) buffer.push(0, `line ${i}\n`)
  expect(buffer.total).toBe(1_000)
  expect(buffer.lines.length + buffer.dropped).toBe(1_000)
  expect(buffer.lines.length).toBeGreaterThanOrEqual(100)
  expect(buffer.lines.length).toBeLessThanOrEqual(110)
  expect(buffer.lines.at(-1)?.text).toBe('line 999')
})

test.each([
  ['\x1b[31mred\x1b[0m', 'red'],
  ['\x1b]8;;http://evil\x07link\x1b]8;;\x07', 'link'],
  ['\x1b]52;c;c2VjcmV0\x07x', 'x'],
  ['ends\r', 'ends'],
])('shows %j as %j', (text, shown) => expect(plain(text)).toBe(shown))

test('a search that is no expression yet finds nothing and breaks nothing', () => {
  expect(searchPattern('')).toBeUndefined()
  expect(searchPattern('(')).toBeUndefined()
  expect(searchPattern('err.r')?.test('ERROR')).toBe(true)
})
