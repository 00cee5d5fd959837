import { expect, test } from 'vitest'
import { anew, over } from './restore.ts'

const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'gone' }
const then = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'a',
    namespace: 'shop',
    uid: 'old',
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-01-02T00:00:00Z',
    labels: { app: 'web' },
    finalizers: ['example.com/keep'],
    ownerReferences: [owner],
  },
  data: { x: '1' },
}

test('an object that is there keeps its identity, and is refused when it has changed meanwhile', () => {
  const now = { metadata: { name: 'a', uid: 'new', creationTimestamp: '2026-02-01T00:00:00Z', resourceVersion: '7' } }
  expect(over(then, now)).toEqual({
    ...then,
    metadata: {
      name: 'a',
      namespace: 'shop',
      labels: { app: 'web' },
      finalizers: ['example.com/keep'],
      ownerReferences: [owner],
      uid: 'new',
      creationTimestamp: '2026-02-01T00:00:00Z',
      resourceVersion: '7',
    },
  })
})

test('an object that is gone comes back without what the server or its owners gave it', () => {
  expect(anew(then)).toEqual({ ...then, metadata: { name: 'a', namespace: 'shop', labels: { app: 'web' } } })
})
