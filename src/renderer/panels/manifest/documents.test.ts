import { expect, test } from 'vitest'
import { yamlOf } from '../../composables/object-yaml.ts'
import { applyBody } from '#shared/kube/apply-body.ts'
import { conflictsOf, inOrder, readManifests, survivors } from './documents.ts'

const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
---
# nothing here
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  mode: "0755"
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`

test('reads every document, empty ones left out, with the line of each', () => {
  const { manifests, mistakes } = readManifests(text)
  expect(mistakes).toEqual([])
  expect(manifests.map(({ object, line }) => [object.kind, line])).toEqual([
    ['Deployment', 1],
    ['ConfigMap', 7],
    ['Namespace', 14],
  ])
})

test('puts what others need first', () => {
  expect(inOrder(readManifests(text).manifests).map(({ object }) => object.kind)).toEqual([
    'Namespace',
    'ConfigMap',
    'Deployment',
  ])
})

test.each([
  ['a: 1\na: 2\n', /unique/i, 2],
  ['a: [1\n', /./, 2],
  ['just text\n', /apiVersion and kind/, 1],
  ['apiVersion: v1\nkind: Pod\n', /metadata\.name/, 1],
])('says what is wrong with %j', (bad, message, line) => {
  const { manifests, mistakes } = readManifests(bad)
  expect(manifests).toEqual([])
  expect(mistakes[0]?.message).toMatch(message)
  expect(mistakes[0]?.line).toBe(line)
})

test('numbers as kubectl reads them: octal modes are octal', () => {
  const [manifest] = readManifests('apiVersion: v1\nkind: X\nmetadata: {name: a}\nmode: 0755\n').manifests
  expect((manifest?.object as unknown as { mode: number }).mode).toBe(493)
})

test('applies what the user wrote, not what the server added', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', uid: 'u', resourceVersion: '1', managedFields: [], labels: { x: 'y' } },
    spec: {},
    status: {},
  }
  expect(applyBody(object)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', labels: { x: 'y' } },
    spec: {},
  })
})

test('names the owners of fields in conflict', () => {
  expect(
    conflictsOf({
      causes: [
        { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using apps/v1', field: '.spec.replicas' },
      ],
    }),
  ).toEqual([{ manager: 'kubectl', field: '.spec.replicas' }])
})

test('names what was taken out and is there all the same', () => {
  const base = { spec: { a: 1, b: 2, list: [{ name: 'x', v: 1, w: 1 }, { name: 'y' }], plain: ['p', 'q'] } }
  const wanted = { spec: { a: 1, list: [{ name: 'x', v: 1 }], plain: ['p'] } }
  expect(survivors(base, wanted, base)).toEqual(['spec.b', 'spec.list[x].w', 'spec.list[y]', 'spec.plain["q"]'])
  expect(survivors(base, wanted, wanted)).toEqual([])
  expect(survivors(base, base, wanted)).toEqual([])
})

test.each(['yes', 'on', 'n', '12:30', '2026-11-23', '0777', '1e3', '~', '0x1F', '1_000', '=', ' x', '- y', 'a: b'])(
  'the string %j comes back from the editor as it was',
  (value) => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { key: value, [value]: 'v' } }
    const { manifests, mistakes } = readManifests(yamlOf(object))
    expect(mistakes).toEqual([])
    expect(manifests[0]?.object).toEqual(object)
  },
)

test('reads as kubectl does: old booleans and octals, but times and dates as text', () => {
  const text = 'apiVersion: v1\nkind: X\nmetadata: {name: x}\nat: 12:30\nday: 2026-11-23\nmode: 0777\non: yes\n'
  expect(readManifests(text).manifests[0]?.object).toMatchObject({
    at: '12:30',
    day: '2026-11-23',
    mode: 511,
    true: true,
  })
})

test('keeps every digit of long integers, there and back', () => {
  const long = 'apiVersion: v1\nkind: Boat\nmetadata:\n  name: a\nspec:\n  tons: 9007199254740993\n  masts: 3\n'
  const [one] = readManifests(long).manifests
  expect(one?.object).toMatchObject({ spec: { tons: 9007199254740993n, masts: 3 } })
  expect(JSON.stringify(one?.object)).toContain('"tons":9007199254740993,"masts":3')
  expect(one && yamlOf(one.object, { secrets: true })).toContain('tons: 9007199254740993\n')
})
