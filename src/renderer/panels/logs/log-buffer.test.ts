import { expect, test } from 'vitest'
import { LogBuffer } from './log-buffer.ts'

const texts = (buffer: LogBuffer): string[] => buffer.lines.map(({ text }) => text)

test('joins pieces to lines, each source for itself', () => {
  const buffer = new LogBuffer()
  buffer.push(0, 'one\ntw')
  buffer.push(1, 'other\n')
  buffer.push(0, 'o\nrest')
  expect(buffer.lines.map(({ source, text }) => `${source}:${text}`)).toEqual(['0:one', '1:other', '0:two'])
  buffer.finish(0)
  expect(texts(buffer).at(-1)).toBe('rest')
})

test('keeps the time of a line apart from its text', () => {
  const buffer = new LogBuffer()
  buffer.push(0, '2026-11-23T10:00:00.5Z hello there\n2026-11-23T10:00:01Z \nno time\n')
  expect(buffer.lines.map(({ time, text }) => [time, text])).toEqual([
    ['2026-11-23T10:00:00.5Z', 'hello there'],
    ['2026-11-23T10:00:01Z', ''],
    ['', 'no time'],
  ])
})

test('a log that goes on repeats nothing and leaves nothing out, lines of one instant included', () => {
  const buffer = new LogBuffer()
  const known = '2026-11-23T10:00:00.4Z zero\n2026-11-23T10:00:00.5Z one\n2026-11-23T10:00:00.5Z two\n'
  buffer.push(0, `${known}2026-11-23T10:00:00.5Z thr`)
  buffer.resume(0, buffer.position(0))
  buffer.push(0, `${known}2026-11-23T10:00:00.5Z three\n2026-11-23T10:00:00.51Z four\n`)
  expect(texts(buffer)).toEqual(['zero', 'one', 'two', 'three', 'four'])
})

test('says how many lines it has let go, and keeps the newest', () => {
  const buffer = new LogBuffer({ lines: 100 })
  for (let i = 0; i < 1_000; i++) buffer.push(0, `line ${i}\n`)
  expect(buffer.total).toBe(1_000)
  expect(buffer.lines.length + buffer.dropped).toBe(1_000)
  expect(buffer.lines.length).toBeGreaterThanOrEqual(100)
  expect(buffer.lines.length).toBeLessThanOrEqual(110)
  expect(texts(buffer).at(-1)).toBe('line 999')
})

test('long lines count too', () => {
  const buffer = new LogBuffer({ lines: 1_000, characters: 10_000 })
  for (let i = 0; i < 50; i++) buffer.push(0, `${'x'.repeat(1_000)}\n`)
  expect(buffer.lines.length).toBeLessThanOrEqual(11)
  expect(buffer.lines.length + buffer.dropped).toBe(50)
})

test('what several logs hold already is put in the order of its times', () => {
  const buffer = new LogBuffer()
  buffer.hold()
  buffer.push(0, '2026-11-23T10:00:01Z a1\n2026-11-23T10:00:03Z a3\n')
  buffer.push(1, '2026-11-23T10:00:02Z b2\n2026-11-23T10:00:04Z b4\n')
  buffer.say(1, 'run 2', '2026-11-23T10:00:02Z')
  expect(buffer.lines).toEqual([])
  buffer.release()
  expect(texts(buffer)).toEqual(['a1', 'b2', 'run 2', 'a3', 'b4'])
  buffer.push(0, '2026-11-23T10:00:03.5Z late\n')
  expect(texts(buffer).at(-1)).toBe('late')
  expect(buffer.lines.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5])
})

test('counts the lines of each level that are still there, and notes as none', () => {
  const buffer = new LogBuffer({ lines: 10 })
  buffer.say(0, 'a run')
  for (let i = 0; i < 11; i++) buffer.push(0, i < 4 ? 'ERROR x\n' : 'INFO x\n')
  expect(buffer.total).toBe(11)
  expect(buffer.levels.get('error')! + buffer.levels.get('info')!).toBe(10)
  expect(buffer.levels.get('info')).toBe(7)
})
