import { describe, expect, it } from 'vitest'
import { sizedTypeOf } from '../custom/schema-sizes.ts'
import type { Schema } from '../schema/structural.ts'
import { estimateCost } from './estimate.ts'

const cost = (rule: string, schema: Schema): number => {
  const type = sizedTypeOf(schema)
  if (!type) throw new Error('rules cannot access the schema')
  return estimateCost(rule, type)
}

const string: Schema = { type: 'string' }
const number: Schema = { type: 'number' }
const list = (items: Schema, maxItems?: number): Schema => ({
  type: 'array',
  items,
  ...(maxItems !== undefined && { maxItems }),
})
const map = (values: Schema, maxProperties?: number): Schema => ({
  type: 'object',
  additionalProperties: values,
  ...(maxProperties !== undefined && { maxProperties }),
})
const text = (maxLength: number): Schema => ({ type: 'string', maxLength })
const format = (name: string): Schema => ({ type: 'string', format: name })
const object = (properties: Record<string, Schema>, ...required: string[]): Schema => ({
  type: 'object',
  properties,
  required,
})
const pair = object({ required: string, optional: string }, 'required')
const intOrString: Schema = { 'x-kubernetes-int-or-string': true }

describe('costs as Kubernetes estimates them', () => {
  it.each<[rule: string, unlimited: [Schema, number], limited: [Schema, number]]>([
    ['self.all(x, true)', [list(number), 4_718_591], [list(number, 10), 32]],
    ['self.all(x, true)', [list(string), 3_145_727], [list(string, 20), 62]],
    ['self.all(x, true)', [list({ type: 'boolean' }), 1_887_437], [list({ type: 'boolean' }, 5), 17]],
    ['self.all(x, true)', [list(list(number)), 3_145_727], [list(list(number), 100), 302]],
    ['self.all(x, true)', [map(number), 1_348_169], [map(number, 10), 32]],
    ['self.all(x, true)', [map(string), 1_179_647], [map(string, 3), 11]],
    ['self.all(x, true)', [map({ type: 'boolean' }), 943_718], [map({ type: 'boolean' }, 100), 302]],
    ["self.contains('test')", [string, 314_574], [text(10), 5]],
    ["self.contains('test')", [format('constructor'), 314_574], [{ ...format('constructor'), maxLength: 10 }, 5]],
    ["self.startsWith('test')", [string, 2], [text(15), 2]],
    ["self.endsWith('test')", [string, 2], [text(30), 2]],
    ['size(self + "hello") > size("hello")', [string, 314_578], [text(4), 7]],
    ['self[1] == 0.0', [list(number), 2], [list(number, 5_000), 2]],
    ['self[1] == self[1]', [list(string), 314_577], [list(string, 8), 314_577]],
    ['self.matches("x")', [string, 314_574], [text(50), 22]],
    ['"".matches("(((((((((())))))))))[0-9]")', [string, 7], [text(10), 7]],
    ['self.matches("")', [string, 1], [text(100), 1]],
    ['self["x"] == 0.0', [map(number), 2], [map(number, 0), 2]],
    ['self == "x"', [string, 2], [text(0), 1]],
    ['self == b"x"', [format('byte'), 2], [{ ...format('byte'), maxLength: 0 }, 1]],
    ['self.all(x, x == 0.0)', [list(number), 6_291_454], [list(number, 3 * 1024 * 2048), 25_165_826]],
    ['self.all(x, true)', [list(intOrString), 4_718_591], [list(intOrString, 10), 32]],
    ['self[0] == 5', [list(intOrString), 3], [list(intOrString, 10), 3]],
    ['self[0] == false', [list({ type: 'boolean' }), 2], [list({ type: 'boolean' }, 25), 2]],
    ['self[0] == null', [list(pair), 2], [list(pair, 422), 2]],
    ['self[0][0] == -1.0', [list(list(number)), 3], [list(list(number), 51), 3]],
    ['self.all(x, x.y == 25.2)', [list(map(number)), 6_291_452], [list(map(number), 12), 74]],
    ['self[0].x > 2.0', [list(map(number)), 4], [list(map(number), 3_000), 4]],
    ['self.all(x, true)', [list(format('duration')), 2_359_295], [list(format('duration'), 5), 17]],
    ['self[0].getHours() == 2', [list(format('duration')), 4], [list(format('duration'), 525), 4]],
    ['self.all(x, true)', [list(format('date')), 725_936], [list(format('date'), 15), 47]],
    ['self[2].getDayOfMonth() == 13', [list(format('date')), 4], [list(format('date'), 42), 4]],
    ['self.all(x, true)', [list(format('date-time')), 428_963], [list(format('date-time'), 25), 77]],
    ['self.all(x, true)', [map(intOrString), 1_348_169], [map(intOrString, 15), 47]],
    ['self.all(x, true)', [map(pair), 428_963], [map(pair, 20), 62]],
    ['self.all(x, true)', [map(map(number)), 1_179_647], [map(map(number), 10), 32]],
    ['self.all(x, true)', [map(format('duration')), 1_048_577], [map(format('duration'), 5), 17]],
    ['self.all(x, true)', [map(format('date')), 524_288], [map(format('date'), 10), 32]],
    ['self.all(x, true)', [map(format('date-time')), 349_526], [map(format('date-time'), 25), 77]],
    ["self.find('[0-9]+') == ''", [string, 629_147], [text(10), 11]],
    ["self.join(' ') == 'aa bb'", [list(string), 329_853_068_905], [list(text(10), 10), 43]],
    ['self.isSorted() == true', [list(string), 329_854_432_052], [list(text(10), 10), 52]],
    [
      "self.str.replace(self.before, self.after) == 'does not matter'",
      [object({ str: string, before: text(2), after: text(4) }), 629_154],
      [object({ str: text(4), before: text(2), after: text(4) }), 12],
    ],
    [
      'self.str.split(self.separator) == []',
      [object({ str: string, separator: string }), 629_160],
      [object({ str: text(10), separator: text(10) }), 22],
    ],
    ["self.lowerAscii() == 'lower!'", [string, 314_575], [text(10), 6]],
    ['oldSelf.size() == self.size()', [map({ type: 'integer' }), 5], [map({ type: 'integer' }, 10), 5]],
    ['self["a"] == self["b"]', [map(format('date-time')), 8], [map(format('date-time'), 7), 8]],
    ['self["c"] == self["d"]', [map(format('duration')), 8], [map(format('duration'), 42), 8]],
    [
      "self.contains('A')",
      [{ type: 'string', enum: ['A', 'B', 'C', 'LongValue'] }, 2],
      [{ type: 'string', enum: ['A', 'B', 'C', 'LongValue'], maxLength: 1_000 }, 401],
    ],
  ])('%s', (rule, [unlimited, expected], [limited, expectedWithin]) => {
    expect([cost(rule, unlimited), cost(rule, limited)]).toEqual([expected, expectedWithin])
  })

  it.each([
    ['self.all(x, self.all(y, true))', 352],
    ['self.all(x, self.all(y, self.all(z, true)))', 3_552],
  ])('multiplies loops in loops: %s', (rule, limited) => {
    expect(cost(rule, list(number, 10))).toBe(limited)
    expect(cost(rule, list(number))).toBeGreaterThan(10_000_000)
  })

  it.each([
    ["ip('192.168.0.1')", 2],
    ["ip('2001:db8:3333:4444:5555:6666:7777:8888').isLoopback()", 5],
    ["ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')", 8],
    ["cidr('192.168.0.0/16').masked()", 3],
    ["cidr('192.168.0.0/16').containsIP(ip('192.169.0.1'))", 8],
    ["cidr('192.168.0.0/16').containsIP('192.169.0.1')", 8],
    ["cidr('2001:db8::/32').containsCIDR('2001:db8::/126')", 11],
    ['isQuantity("20M")', 1],
    ['quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() > 0', 7],
    ['quantity("200M") == quantity("0.2G")', 3],
    ["url('https:://kubernetes.io/').getHost()", 4],
    ["'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 9],
    ["strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 11],
    ["'abc 123 def 123'.replace('123', '456', 1)", 3],
    ["'abc 123 def 123'.split(' ', 1)", 3],
    ["'abc 123 def 123'.substring(5, 8)", 2],
    ["'abc 123 def 123'.findAll('123', 1)", 2],
    ['[1, 2, 3, 4, 5].sum()', 15],
    ['[uint(1), uint(2), uint(3), uint(4), uint(5)].indexOf(uint(3))', 21],
    ['sets.contains([1, 2, 3, 4], [2, 3])', 29],
    ['!sets.contains([1], [1, 2])', 24],
    ['sets.equivalent([1, 2, 3], [3u, 2.0, 1])', 39],
    ["optional.of('a').optMap(v, v == 'value').hasValue()", 18],
    ['optional.of([1, 2, 3, 4, 5]).optMap(v, v.size()).hasValue()', 38],
    ["self.l[?0].optMap(v, v == 'a').hasValue()", 22],
  ])('of functions: %s', (rule, expected) => {
    expect(cost(rule, object({ l: list(string) }))).toBe(expected)
  })

  it.each([
    ['the text of a number is of any length', "('is ' + string(self)).size() > 0", { type: 'integer' }],
    ["so is a joined list that is not the schema's", "self.map(x, x).join(',').size() > 0", list(text(5), 5)],
    ['and what an optional holds', "self.?a.orValue('').contains('x')", object({ a: text(5) })],
  ] as const)('without bounds: %s', (_, rule, schema) => {
    expect(cost(rule, schema)).toBeGreaterThan(1e17)
  })
})
