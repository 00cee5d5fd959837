import { describe, expect, it } from 'vitest'
import {
  formatLabelSelector,
  labelRequirements,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  selects,
  SelectorSyntaxError,
} from './selectors.ts'

const matches = (selector: string, labels: Record<string, string>): boolean =>
  matchesLabels(parseLabelSelector(selector), labels)

describe('a label selector', () => {
  it.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', { a: 'c' }, true],
    ['a!=b', {}, true],
    ['a in (b, c)', { a: 'c' }, true],
    ['a in (b, c)', { a: 'd' }, false],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { b: 'x' }, true],
    ['!a', { a: 'x' }, false],
    ['a=b,c', { a: 'b', c: 'x' }, true],
    ['a=b,c', { a: 'b' }, false],
    ['n>5', { n: '6' }, true],
    ['n<5', { n: 'x' }, false],
    ['a=', { a: '' }, true],
    ['app.kubernetes.io/name=web', { 'app.kubernetes.io/name': 'web' }, true],
  ])('%s on %o gives %s', (selector, labels, expected) => {
    expect(matches(selector, labels as Record<string, string>)).toBe(expected)
  })

  it.each(['a=b,', 'a in b', '=x', 'a=b c', 'a>x', '-a', 'a in (b'])('refuses %s', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(SelectorSyntaxError)
  })

  it('converts from an object and to text', () => {
    const requirements = labelRequirements({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['b', 'a'] }],
    })
    expect(formatLabelSelector(requirements ?? [])).toBe('app=web,tier notin (a,b)')
  })

  it('matches nothing when absent and everything when empty', () => {
    expect(selects(undefined, { a: 'b' })).toBe(false)
    expect(selects({}, { a: 'b' })).toBe(true)
  })
})

describe('a field selector', () => {
  it('splits terms and unescapes characters', () => {
    expect(parseFieldSelector('metadata.name=x,spec.a!=y\\,z')).toEqual([
      { field: 'metadata.name', negated: false, value: 'x' },
      { field: 'spec.a', negated: true, value: 'y,z' },
    ])
  })

  it('refuses terms without an operator', () => {
    expect(() => parseFieldSelector('metadata.name')).toThrow(SelectorSyntaxError)
  })
})
