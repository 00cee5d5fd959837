import { expect, test } from 'vitest'
import { changedFields } from './changed-fields.ts'

test('names the fields that differ', () => {
  const container = { name: 'main', image: 'web:1', env: [{ name: 'A' }] }
  const before = { metadata: { labels: { app: 'web' } }, spec: { replicas: 1, containers: [container] } }
  const after = {
    metadata: { labels: { app: 'web' }, annotations: { 'example.com/a': '1' } },
    spec: { replicas: 2, containers: [{ ...container, image: 'web:2', env: [] }] },
  }
  expect(changedFields(before, after)).toEqual([
    'metadata.annotations',
    'spec.replicas',
    'spec.containers[0].image',
    'spec.containers[0].env',
  ])
  expect(changedFields({ data: { 'a.b': '1', old: '' } }, { data: { 'a.b': '2' } })).toEqual([
    "data['a.b']",
    'data.old',
  ])
  expect(changedFields(before, before)).toEqual([])
})

test('is bounded', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index]))
  expect(changedFields({}, many)).toHaveLength(20)
})
