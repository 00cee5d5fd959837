import { expect, test } from 'vitest'
import { insecureServer, mirroredReference, mirrorProblem, registryProblem } from './registry-mirrors.ts'

test.each([
  ['https://mirror.example.com', 'ghcr.io/owner/app:1', 'mirror.example.com/owner/app:1'],
  ['https://mirror.example.com/', 'ghcr.io/owner/app', 'mirror.example.com/owner/app'],
  ['http://10.0.0.5:5000/ghcr', 'ghcr.io/owner/app:1', '10.0.0.5:5000/ghcr/owner/app:1'],
  ['http://127.0.0.1:5000', 'busybox', '127.0.0.1:5000/library/busybox'],
  // Without its port it would be a name at docker.io.
  ['http://mirror', 'quay.io/app', 'mirror:80/app'],
  ['https://mirror', 'quay.io/app', 'mirror:443/app'],
  ['http://[fd00::1]:5000/', 'quay.io/app:2', '[fd00::1]:5000/app:2'],
  ['https://m.io/a/b', `r.io/app:1@sha256:${'a'.repeat(64)}`, `m.io/a/b/app:1@sha256:${'a'.repeat(64)}`],
])('at %s, %s is %s', (mirror, reference, expected) => {
  expect(mirrorProblem(mirror)).toBeUndefined()
  expect(mirroredReference(mirror, reference)).toBe(expected)
})

test.each([
  '',
  'mirror.example.com',
  'ftp://m.io',
  'https://me:word@m.io',
  'https://m.io?q',
  'https://m.io/#a',
  'https://m.io/Upper',
  'https://m.io/a b',
])('%j is no mirror', (text) => expect(mirrorProblem(text)).toContain('must be the URL'))

test.each([
  ['ghcr.io', true],
  ['docker.io', true],
  ['localhost:5000', true],
  ['registry.example.com:5000', true],
  ['index.docker.io', false],
  ['ghcr', false],
  ['ghcr.io/owner', false],
  ['https://ghcr.io', false],
  ['', false],
  ['a..b', false],
])('%j is a registry: %s', (text, isOne) => expect(registryProblem(text) === undefined).toBe(isOne))

test('only mirrors without TLS are told to the engine', () => {
  expect(['https://m.io', 'http://m.io', 'http://10.0.0.5:5000/ghcr'].map(insecureServer)).toEqual([
    undefined,
    'm.io',
    '10.0.0.5:5000',
  ])
})
