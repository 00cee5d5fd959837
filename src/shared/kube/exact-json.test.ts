import { expect, it } from 'vitest'
import { jsonClone, jsonEqual } from './json.ts'
import { parseExact } from './exact-json.ts'

it.each([
  '{"a":9007199254740993,"b":[-9223372036854775808,9223372036854775807],"c":{"d":1}}',
  '{"a":"12345678901234567890","b":9007199254740991}',
  '9007199254740993',
])('reads and writes %s', (text) => {
  const value = parseExact(text)
  expect(JSON.stringify(value)).toBe(text)
  expect(JSON.stringify(jsonClone(value))).toBe(text)
  expect(jsonEqual(value, parseExact(text))).toBe(true)
})

it('uses bigints only where numbers lose precision', () => {
  expect(parseExact('{"a":9007199254740993,"b":9007199254740992000,"c":1,"d":1234567890123456}')).toEqual({
    a: 9007199254740993n,
    b: 9007199254740992000n,
    c: 1,
    d: 1234567890123456,
  })
})

it('parses floats and integers beyond 64 bits as floats, as Kubernetes does', () => {
  expect(parseExact('[9223372036854775808, 1e20, 0.12345678901234567]')).toEqual([2 ** 63, 1e20, 0.12345678901234567])
})
