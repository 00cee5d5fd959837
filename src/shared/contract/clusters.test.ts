import { expect, test } from 'vitest'
import { clusterSpec } from './clusters.ts'

test.each([
  ['https://mirror.example.com', true],
  ['http://127.0.0.1:5000', true],
  ['http://[fd00::1]:5000/', true],
  ['mirror.example.com', false],
  ['ftp://mirror.example.com', false],
  ['https://me:word@mirror.example.com', false],
  ['https://mirror.example.com/path', false],
  ['https://mirror.example.com?query', false],
  ['', false],
])('a mirror of a registry at %j: %s', (registryMirror, isTaken) => {
  expect(clusterSpec.safeParse({ name: 'a', workers: 1, registryMirror }).success).toBe(isTaken)
  expect(clusterSpec.safeParse({ name: 'a', workers: 1, simulated: true, registryMirror }).success).toBe(false)
})
