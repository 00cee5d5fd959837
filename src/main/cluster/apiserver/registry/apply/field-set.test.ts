import { describe, expect, it } from 'vitest'
import { difference, equalSets, intersection, paths, union, withNamedAncestors, type FieldSet } from './field-set.ts'

const set = (text: string): FieldSet => JSON.parse(text) as FieldSet

describe('a field set', () => {
  it('unions members and their descendants', () => {
    const both = union(set('{"f:a":{}}'), set('{"f:a":{"f:b":{}},"f:c":{}}'))
    expect(both).toEqual({ 'f:a': { '.': {}, 'f:b': {} }, 'f:c': {} })
  })

  it('subtracts members, not their ancestors', () => {
    const rest = difference(set('{"f:a":{".":{},"f:b":{},"f:c":{}}}'), set('{"f:a":{"f:b":{}}}'))
    expect(rest).toEqual({ 'f:a': { '.': {}, 'f:c': {} } })
    expect(difference(set('{"f:a":{}}'), set('{"f:a":{"f:b":{}}}'))).toEqual({ 'f:a': {} })
    expect(difference(set('{"f:a":{".":{},"f:b":{}}}'), set('{"f:a":{}}'))).toEqual({ 'f:a': { 'f:b': {} } })
    expect(difference(set('{"f:a":{}}'), set('{"f:a":{}}'))).toEqual({})
  })

  it('intersects members', () => {
    expect(intersection(set('{"f:a":{"f:b":{},"f:c":{}}}'), set('{"f:a":{".":{},"f:b":{}}}'))).toEqual({
      'f:a': { 'f:b': {} },
    })
    expect(intersection(set('{"f:a":{"f:b":{}}}'), set('{"f:a":{}}'))).toEqual({})
  })

  it('compares sets by content', () => {
    expect(equalSets(set('{"f:a":{},"f:b":{}}'), set('{"f:b":{},"f:a":{}}'))).toBe(true)
    expect(equalSets(set('{"f:a":{}}'), set('{"f:a":{"f:b":{}}}'))).toBe(false)
  })

  it('adds named ancestor fields as members, but not list items', () => {
    expect(withNamedAncestors(set('{"f:a":{"k:{\\"n\\":1}":{"f:b":{}}}}'))).toEqual({
      'f:a': { '.': {}, 'k:{"n":1}': { 'f:b': {} } },
    })
  })

  it('formats paths as Kubernetes does', () => {
    const all = paths(
      set('{"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:image":{}}},"f:set":{"v:\\"x\\"":{}}}}'),
    )
    expect(all).toEqual(['.spec.containers[name="c"]', '.spec.containers[name="c"].image', '.spec.set[="x"]'])
  })
})
