import { expect, test } from 'vitest'
import { applyBody, conflictsOf, inOrder, readManifests } from './documents.ts'

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
