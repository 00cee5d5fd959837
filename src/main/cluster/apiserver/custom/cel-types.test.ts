import { describe, expect, it } from 'vitest'
import type { FieldError } from '#shared/kube/status.ts'
import { checkRules } from './rules.ts'
import type { Schema } from '../schema/structural.ts'
import { checkStructure } from './structure.ts'

const properties: Record<string, Schema> = {
  replicas: { type: 'integer' },
  ratio: { type: 'number' },
  name: { type: 'string', maxLength: 63 },
  ready: { type: 'boolean' },
  since: { type: 'string', format: 'date-time' },
  wait: { type: 'string', format: 'duration' },
  seal: { type: 'string', format: 'byte' },
  motto: { type: 'string', format: 'constructor', maxLength: 63 },
  ports: {
    type: 'array',
    maxItems: 20,
    items: { type: 'object', properties: { port: { type: 'integer' }, name: { type: 'string', maxLength: 63 } } },
  },
  labels: { type: 'object', maxProperties: 20, additionalProperties: { type: 'string', maxLength: 63 } },
  limit: { 'x-kubernetes-int-or-string': true },
  template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  namespace: { type: 'string' },
  'foo-bar': { type: 'string' },
  'a__b/c.d': { type: 'integer' },
}

const spec = (rule: string, more: object = {}): Schema => ({
  type: 'object',
  properties,
  'x-kubernetes-validations': [{ rule, message: 'is wrong', ...more }],
})

function problemsOf(rule: string, more?: object): string[] {
  const errors: FieldError[] = []
  checkStructure({ type: 'object', properties: { spec: spec(rule, more) } }, 'schema', errors)
  return errors.map(({ message, field }) => `${field}: ${message}`)
}
const problemOf = (rule: string, more?: object): string | undefined => problemsOf(rule, more)[0]

describe('a rule is checked against the types of its schema', () => {
  it.each([
    'self.replicas == 1 && self.ready && self.ratio > 1',
    'self.ports.all(p, p.port > 1 && p.name.startsWith(self.name))',
    'has(self.ports[0].name) && !has(self.labels.any)',
    'self.ports.map(p, p.port).sum() > 3 || self.ports.exists_one(p, p.port == 1)',
    'self.labels.all(k, self.labels[k] != "") && "a" in self.labels',
    'self.limit == 5 || self.limit == "50%" || type(self.limit) == int',
    'self == oldSelf || self.ports == oldSelf.ports || self.ports[0] == null',
    'self.ports[0] in oldSelf.ports',
    'self.template.metadata.name == self.template.kind',
    'self.since < timestamp("2030-01-01T00:00:00Z") && self.wait >= duration("1s") && self.seal.size() > 0',
    'self.?name.orValue("x") == "x" && self.ports[?0].?name.hasValue()',
    'self.__namespace__ == self.foo__dash__bar && self.a__underscores__b__slash__c__dot__d == 1',
    'self.replicas == 1 ? self.name == "a" : self.labels == {}',
    'size(self.ports) + size(self.name) > 0 && self.ports + oldSelf.ports != []',
    'cel.bind(p, self.ports, p.filter(one, one.port == 1).size() == 1)',
    'self.ports.all(i, p, p.port > i) && self.labels.exists(k, v, k == v)',
    'self.ports.transformList(i, p, p.port + i).sum() > 0 && size(self.labels.transformMap(k, v, v + k)) > 0',
    'self.?replicas.optMap(n, n + 1).orValue(0) != 1 && self.ports.existsOne(p, p.port == 1)',
    'self.ports.filter(p, has(p.name)).map(p, p.name).size() > 0',
    'self.ports.all(a, self.ports.exists_one(b, a.port == b.port && (has(a.name) && has(b.name) ? a.name == b.name : !has(a.name) && !has(b.name))))',
    'self.motto == self.name',
    'quantity(self.name).isGreaterThan(quantity("1")) && self.name.matches("a+")',
  ])('that fits: %s', (rule) => {
    expect(problemsOf(rule)).toEqual([])
  })

  it.each([
    ['self.nope == 1', "1:5: undefined field 'nope'\n | self.nope == 1\n | ....^"],
    ['self.ports.all(p, p.nope == 1)', "1:20: undefined field 'nope'"],
    ['self.ports.all(i, p, p.nope > i)', "1:23: undefined field 'nope'"],
    ['self.?name.optMap(n, n + 1).hasValue()', "1:24: found no matching overload for '_+_' applied to '(string, int)'"],
    ['has(self.nope)', "1:9: undefined field 'nope'"],
    ['self.ports[0].nope == 1', "1:14: undefined field 'nope'"],
    ['self.namespace == ""', "1:5: undefined field 'namespace'"],
    ['self.name.length > 1', "1:10: type 'string' does not support field selection"],
    ['self.ready &&\n  self.nope', "2:7: undefined field 'nope'\n |   self.nope\n | ......^"],
    ['self.replicas + "a" == ""', "1:15: found no matching overload for '_+_' applied to '(int, string)'"],
    ['self.replicas.startsWith("a")', "1:25: found no matching overload for 'startsWith' applied to 'int.(string)'"],
    ['self.ready && self.name', "1:12: found no matching overload for '_&&_' applied to '(bool, string)'"],
    ['!self.replicas', "1:1: found no matching overload for '!_' applied to '(int)'"],
    [
      'self.ready ? self.name : self.replicas',
      "1:12: found no matching overload for '_?_:_' applied to '(bool, string, int)'",
    ],
    ['self.nope()', "1:10: undeclared reference to 'nope' (in container '')"],
    ['nope(self)', "1:5: undeclared reference to 'nope' (in container '')"],
    ['nope', "1:1: undeclared reference to 'nope' (in container '')"],
    ['self.replicas.all(x, x)', "1:5: expression of type 'int' cannot be range of a comprehension"],
  ])('and refused: %s', (rule, problem) => {
    const message = problemOf(rule)
    expect(message).toContain('schema.properties[spec].x-kubernetes-validations[0].rule: ')
    expect(message).toContain(`compilation failed: ERROR: <input>:${problem}`)
  })

  it('must have the result type of its field', () => {
    expect(problemOf('self.name')).toContain('cel expression must evaluate to a bool')
    expect(problemOf('true', { messageExpression: 'self.replicas' })).toContain(
      'messageExpression must evaluate to a string',
    )
    expect(problemOf('oldSelf.hasValue() && oldSelf.value().nope', { optionalOldSelf: true })).toContain(
      "undefined field 'nope'",
    )
  })

  it('has only the names of metadata at the root', () => {
    const errors: FieldError[] = []
    const root = (rule: string): Schema => ({ ...spec(rule), properties: { spec: { type: 'object', properties } } })
    checkStructure(root('self.metadata.name == self.kind && self.spec.replicas == 1'), '', errors)
    expect(errors).toEqual([])
    checkStructure(root('self.metadata.labels == {}'), '', errors)
    expect(errors[0]?.message).toContain("undefined field 'labels'")
  })
})

it('values have the CEL types of their formats, and escaped names', () => {
  const value = {
    since: '2026-11-23T00:00:00Z',
    wait: '1h30m',
    seal: 'YWJj',
    namespace: 'team',
    'foo-bar': 'x',
    'a__b/c.d': 7,
  }
  const failures = (rule: string): FieldError[] => {
    const errors: FieldError[] = []
    checkRules(value, undefined, spec(rule), 'spec', errors)
    return errors
  }
  expect(failures('self.since > timestamp("2026-01-01T00:00:00Z") && self.since.getFullYear() == 2026')).toEqual([])
  expect(failures('self.wait == duration("90m")')).toEqual([])
  expect(failures('self.seal == b"abc"')).toEqual([])
  expect(failures('self.__namespace__ == "team" && self.foo__dash__bar == "x"')).toEqual([])
  expect(failures('self.a__underscores__b__slash__c__dot__d == 7')).toEqual([])
})
