import { expect, it } from 'vitest'
import { maxObjectSize, refuseTooLarge } from './object-size.ts'

const objectOf = (size: number, text: (length: number) => string): object => {
  const empty = { a: '' }
  return { a: text(size - JSON.stringify(empty).length) }
}

it.each([
  ['ASCII', (length: number) => 'x'.repeat(length)],
  ['bytes beyond ASCII', (length: number) => 'ä'.repeat(length / 2) + 'x'.repeat(length % 2)],
  ['escapes', (length: number) => '\u0001'.repeat(length / 6) + 'x'.repeat(length % 6)],
])('refuses an object by the bytes of its JSON: %s', (_, text) => {
  const largest = objectOf(maxObjectSize, text)
  expect(Buffer.byteLength(JSON.stringify(largest))).toBe(maxObjectSize)
  expect(() => refuseTooLarge(largest)).not.toThrow()
  expect(() => refuseTooLarge(objectOf(maxObjectSize + 1, text))).toThrow('too large')
})

it('counts keys, numbers and lists', () => {
  expect(() => refuseTooLarge({ a: Array(400_000).fill(1e-7) })).toThrow('too large')
  expect(() =>
    refuseTooLarge(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}/0123456789`, 1]))),
  ).toThrow('too large')
})
