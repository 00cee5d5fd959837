import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { commitDocument, createVault, DamagedLog, readSegment, recordDocument, seal, unseal } from './segment.ts'

/** Batches of one to three records, as the log's thread writes them. */
function writtenLog(batches: number): { content: Buffer; ends: number[]; counts: number[] } {
  let text = ''
  let revision = 1
  const ends: number[] = []
  const counts: number[] = []
  for (let batch = 0; batch < batches; batch++) {
    const size = (batch % 3) + 1
    for (let i = 0; i < size; i++) {
      const value = i === 1 ? null : `{"name":"ä${revision}"}`
      text += `${seal(JSON.stringify(recordDocument(++revision, `/registry/core/pods/default/p${revision}`, value)))}\n`
    }
    text += `${seal(JSON.stringify(commitDocument(revision, size)))}\n`
    ends.push(Buffer.byteLength(text))
    counts.push((counts.at(-1) ?? 0) + size)
  }
  return { content: Buffer.from(text), ends, counts }
}

describe('reading a segment', () => {
  const { content, ends, counts } = writtenLog(12)

  test('truncated at any length, it has exactly the complete batches', () => {
    for (let length = 0; length <= content.length; length++) {
      const whole = ends.filter((end) => end <= length).length
      const read = readSegment('f', content.subarray(0, length), 0)
      expect(read.records).toHaveLength(counts[whole - 1] ?? 0)
      expect(read.length).toBe(ends[whole - 1] ?? 0)
      expect(read.torn).toBe(length - read.length)
    }
  })

  test('with any bit flipped it is refused, except in the last marker, as after a crash', () => {
    const lastMarker = content.lastIndexOf('\n', content.length - 2)
    for (let at = 0; at < content.length; at++) {
      const damaged = Buffer.from(content)
      damaged[at] = damaged[at]! ^ (1 << (at % 8))
      if (at >= lastMarker) expect(readSegment('f', damaged, 0).length).toBe(ends.at(-2))
      else expect(() => readSegment('f', damaged, 0)).toThrow(DamagedLog)
    }
  })

  test('revisions that do not increase are refused', () => {
    expect(() => readSegment('f', content, 5)).toThrow('out of order')
    expect(() => readSegment('f', Buffer.concat([content, content]), 0)).toThrow('out of order')
  })

  test('two torn batches before a complete one are not a torn tail', () => {
    const torn = Buffer.concat([content.subarray(0, ends[0]! + 10), Buffer.from('\n'), content.subarray(ends[1])])
    expect(() => readSegment('f', torn, 0)).toThrow(/line \d+/)
  })
})

test('a checksum matches only its own line', () => {
  expect(unseal(seal('{"a":1}'))).toBe('{"a":1}')
  expect(unseal(seal('{"a":1}').replace('1', '2'))).toBeUndefined()
  expect(unseal('')).toBeUndefined()
})

describe('the vault', () => {
  const vault = createVault(randomBytes(32))
  const key = '/registry/core/secrets/default/s'

  test('encrypts Secrets and nothing else', () => {
    expect(vault.lock(key, 'hunter2')).not.toContain('hunter2')
    expect(vault.open(key, vault.lock(key, '{"ü":1}'))).toBe('{"ü":1}')
    expect(vault.lock('/registry/core/configmaps/default/s', 'plain')).toBe('plain')
  })

  test('never encrypts a value the same way twice, and binds it to its key', () => {
    expect(vault.lock(key, 'x')).not.toBe(vault.lock(key, 'x'))
    expect(() => vault.open(`${key}2`, vault.lock(key, 'x'))).toThrow('not the one')
  })
})
