import { expect, test } from 'vitest'
import { format, smallestChange, writeFields } from './text-edits.ts'

const text = `# the shop's settings
apiVersion: v1
kind: ConfigMap
metadata:
  name: a # short
---
apiVersion: v1
kind: Pod
metadata:
  name: p
  labels:
    only: one
spec:
  containers:
    # the app
    - name: c
      image: x
`

test('writes fields of one document, and leaves comments and the other documents as they are', () => {
  const written = writeFields(text, 1, [
    { path: ['spec', 'containers', { key: { name: 'c' } }, 'image'], value: 'w' },
    { path: ['spec', 'containers', { key: { name: 'd' } }], value: { name: 'd' } },
    { path: ['metadata', 'labels', 'only'], value: undefined },
    { path: ['metadata', 'annotations', 'a.b/c'], value: 'v' },
  ])
  expect(written).toBe(`# the shop's settings
apiVersion: v1
kind: ConfigMap
metadata:
  name: a # short
---
apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations:
    a.b/c: v
spec:
  containers:
    # the app
    - name: c
      image: w
    - name: d
`)
})

test('formats every document, keeps comments, and does so once', () => {
  const loose =
    '# head\na:   1\napiVersion: v1\nkind:  X\nmetadata: {name:   x}\n---\n# two\napiVersion: v1\nkind: Y\nmetadata:\n      name: y   # here\n'
  const tidy = format(loose)
  expect(tidy).toBe(
    '# head\na: 1\napiVersion: v1\nkind: X\nmetadata: { name: x }\n---\n# two\napiVersion: v1\nkind: Y\nmetadata:\n  name: y # here\n',
  )
  expect(format(tidy)).toBe(tidy)
  expect(format('a: [')).toBe('a: [')
})

test('replaces no more than what differs', () => {
  expect(smallestChange('one two three', 'one 2 three')).toEqual({ from: 4, to: 7, insert: '2' })
  expect(smallestChange('aa', 'aaa')).toEqual({ from: 2, to: 2, insert: 'a' })
})
