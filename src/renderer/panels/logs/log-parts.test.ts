import { describe, expect, it, test } from 'vitest'
import { withoutEscapes } from './ansi.ts'
import { LogBuffer } from './log-buffer.ts'
import { jsonColumns, jsonLine } from './log-json.ts'
import { levelOf } from './log-level.ts'
import { labelsOf } from './log-look.ts'
import { piecesOf } from './log-pieces.ts'
import { parseLogQuery } from './log-query.ts'
import { LogRows, type LogFilter } from './log-rows.ts'
import { momentOf } from './log-time.ts'

describe('escapes', () => {
  it.each([
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x1b]8;;http://evil\x07link\x1b]8;;\x07', 'link'],
    ['\x1b]52;c;c2VjcmV0\x07x', 'x'],
    ['\x1b[2J\x1b[1;1Hx', 'x'],
    ['ends\r', 'ends'],
  ])('%j is the text %j', (line, text) => expect(withoutEscapes(line).text).toBe(text))

  it('colours and weights stay, by name', () => {
    expect(withoutEscapes('a \x1b[1;31mb\x1b[39mc\x1b[0m d').spans).toEqual([
      { start: 2, end: 3, style: { ink: 'red', bold: true } },
      { start: 3, end: 4, style: { bold: true } },
    ])
    expect(withoutEscapes('\x1b[38;5;196mx\x1b[48;2;0;200;0my').spans?.map(({ style }) => style)).toEqual([
      { ink: 'red' },
      { ink: 'red', ground: 'green' },
    ])
  })
})

test.each([
  ['E1129 14:02:08.204 klog', 'error'],
  ['{"level":"warn","msg":"x"}', 'warn'],
  ['{"level":50,"msg":"x"}', 'error'],
  ['ts=1 level=info msg="an ERROR is told"', 'info'],
  ['2026/11/29 [error] 31#31: open() failed', 'error'],
  ['12:00 WARN  retry', 'warn'],
  ['[DEBUG] cache', 'debug'],
  ['Error: Cannot find module', 'error'],
  ['there was no error', ''],
  ['GET /errors 200', ''],
])('%s has the level %j', (line, level) => expect(levelOf(line)).toBe(level))

describe('a search', () => {
  const filter = (text: string, more: Partial<LogFilter> = {}): LogFilter => ({
    query: parseLogQuery(text),
    only: false,
    hidden: new Set(),
    levels: new Set(),
    ...more,
  })
  const buffer = (...lines: string[]): LogBuffer => {
    const made = new LogBuffer()
    for (const line of lines) made.push(line.startsWith('b') ? 1 : 0, `${line}\n`)
    return made
  }

  it.each([
    ['error db', 'db error', true],
    ['error db', 'error', false],
    ['"db error"', 'error db', false],
    ['/err.r \\d/', 'ERROR 5', true],
    ['a.b', 'axb', false],
  ])('%j finds %j: %s', (text, line, found) => {
    const { matches } = new LogRows().update(buffer(line).lines, filter(text))
    expect(matches.length === 1).toBe(found)
  })

  it('tells the part that is no expression, and finds nothing', () => {
    expect(parseLogQuery('ok /(/').invalid).toBe('/(/')
    expect(parseLogQuery('').invalid).toBeUndefined()
  })

  it('looks at each line once, and at new ones as they come', () => {
    const log = buffer('one err', 'two')
    let looked = 0
    const pattern = Object.assign(/err/i, {
      test(text: string) {
        looked++
        return text.includes('err')
      },
    })
    const asked = filter('', { query: { include: [pattern], exclude: [] } })
    const rows = new LogRows()
    expect(rows.update(log.lines, asked).matches).toEqual([0])
    log.push(0, 'three err\n')
    expect(rows.update(log.lines, asked).matches).toEqual([0, 2])
    rows.update(log.lines, asked)
    expect(looked).toBe(3)
  })

  it('-word hides lines, «only» those that do not match, and switches their sources and levels', () => {
    const log = buffer('a healthz', 'a ERROR one', 'b two', 'a three')
    const shown = (asked: LogFilter): string[] => new LogRows().update(log.lines, asked).rows.map(({ text }) => text)
    expect(shown(filter('-healthz'))).toEqual(['a ERROR one', 'b two', 'a three'])
    expect(shown(filter('two', { only: true }))).toEqual(['b two'])
    expect(shown(filter('two'))).toHaveLength(4)
    expect(shown(filter('', { hidden: new Set([0]) }))).toEqual(['b two'])
    expect(shown(filter('', { levels: new Set(['error']) }))).toEqual(['a healthz', 'b two', 'a three'])
  })

  it('forgets lines that the buffer has let go, and begins anew with an empty one', () => {
    const log = new LogBuffer({ lines: 10 })
    const rows = new LogRows()
    const asked = filter('line -7', { only: true })
    for (let i = 0; i < 35; i++) {
      log.push(0, `line ${i}\n`)
      rows.update(log.lines, asked)
    }
    const kept = log.lines.filter(({ text }) => !text.includes('7')).map(({ number }) => number)
    const found = rows.update(log.lines, asked)
    expect(found.matches).toEqual(kept)
    expect(found.rows.map(({ number }) => number)).toEqual(kept)
    log.clear()
    log.push(0, 'line x\n')
    expect(rows.update(log.lines, asked).matches).toEqual([0])
  })
})

describe('a time to go to', () => {
  const now = new Date(2026, 10, 29, 14, 0, 0).getTime()
  it.each([
    ['5m ago', now - 300_000],
    ['2h', now - 7_200_000],
    ['13:58', now - 120_000],
    ['13:58:30', now - 90_000],
    ['14:03', now + 180_000 - 86_400_000],
    ['soon', undefined],
    ['25:00', undefined],
  ])('%s', (text, moment) => expect(momentOf(text, now)).toBe(moment))
})

test('JSON lines have columns, the most frequent fields first', () => {
  const log = new LogBuffer()
  for (let i = 0; i < 10; i++)
    log.push(0, `{"level":"info","msg":"got it","path":"/${i}"${i < 3 ? ',"user":7' : ''}}\n`)
  expect(jsonColumns(log.lines)).toEqual(['path', 'user'])
  expect(jsonLine('{"msg":"x","a":{"b":1}}')).toEqual({ message: 'x', fields: new Map([['a', '{"b":1}']]) })
  const plain = new LogBuffer()
  plain.push(0, '{"a":1}\nplain\nplain\nplain\n')
  expect(jsonColumns(plain.lines)).toBeUndefined()
})

test('a line shows where it matches, in its own colours, and invisible characters', () => {
  expect(piecesOf('an error, an Error', [], [/error/i])).toEqual([
    { text: 'an ', hit: false },
    { text: 'error', hit: true },
    { text: ', an ', hit: false },
    { text: 'Error', hit: true },
  ])
  expect(piecesOf('abcd', [{ start: 1, end: 3, style: { ink: 'red' } }], [/cd/])).toEqual([
    { text: 'a', hit: false },
    { text: 'b', hit: false, style: { ink: 'red' } },
    { text: 'c', hit: true, style: { ink: 'red' } },
    { text: 'd', hit: true },
  ])
  expect(piecesOf('a\u202eb')[0]?.text).toBe('a\\u202Eb')
  expect(piecesOf('x', [], [/y*/])).toEqual([{ text: 'x', hit: false }])
})

test('lines of one container need no label; those of many pods have the short name in the colour of the pod', () => {
  expect(labelsOf([{ pod: 'web', container: 'c' }], ['web'])).toEqual([])
  const [first, second] = ['web-7c9d6b5f4d-q8w2z', 'web-7c9d6b5f4d-aaaaa']
  const labels = labelsOf(
    [
      { pod: first, container: 'c' },
      { pod: second, container: 'c' },
    ],
    [first, second],
  )
  expect(labels.map((label) => label?.text)).toEqual(['web-q8w2z', 'web-aaaaa'])
  expect(labels[0]?.colour).not.toBe(labels[1]?.colour)
})
