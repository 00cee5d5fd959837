import { expect, it } from 'vitest'
import type { FieldError } from '#shared/kube/status.ts'
import { checkRules } from '../custom/rules.ts'
import type { Schema } from '../schema/structural.ts'

const tags: Schema = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }
const port: Schema = { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer' } } }
const schema: Schema = {
  type: 'object',
  properties: {
    tags,
    ports: {
      type: 'array',
      items: port,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    steps: { type: 'array', items: { type: 'string' } },
    groups: { type: 'array', items: { type: 'object', properties: { tags } } },
  },
}
const value = {
  tags: ['a', 'b'],
  ports: [
    { name: 'x', port: 1 },
    { name: 'y', port: 2 },
  ],
  steps: ['a', 'b'],
  groups: [{ tags: ['1', '2'] }],
}
const old = {
  tags: ['b', 'a'],
  ports: value.ports.toReversed(),
  steps: ['b', 'a'],
  groups: [{ tags: ['2', '1'] }],
}

it.each<[string, boolean]>([
  ['self.tags == oldSelf.tags', true],
  ['self.tags != oldSelf.tags', false],
  ['self.tags == ["b", "a"]', true],
  ['self.tags == ["a"] || self.tags == ["a", "c"]', false],
  ['self.ports == oldSelf.ports', true],
  ['self.ports == [{"name": "x", "port": 1}, {"name": "y", "port": 3}]', false],
  ['self.steps == oldSelf.steps', false],
  ['self.groups == oldSelf.groups && oldSelf.groups[0] in self.groups', true],
  ['self.tags + ["b", "c"] == ["c", "b", "a"]', true],
  ['(self.ports + [{"name": "y", "port": 7}])[1].port == 7', true],
  ['self.steps + ["b"] == ["a", "b", "b"]', true],
])('the order of sets and of items with keys does not count: %s', (rule, holds) => {
  const errors: FieldError[] = []
  checkRules(value, old, { ...schema, 'x-kubernetes-validations': [{ rule, message: 'no' }] }, 'spec', errors)
  expect(errors.map(({ message }) => message)).toEqual(holds ? [] : ['Invalid value: "object": no'])
})
