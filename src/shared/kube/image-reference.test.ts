import { describe, expect, test } from 'vitest'
import { formatImageReference, isLatest, parseImageReference, withDefaultTag } from './image-reference.ts'

const sha = `sha256:${'a1'.repeat(32)}`

describe('image references', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['index.docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['user/app', 'docker.io/user/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest'],
    ['[fd00::1]:5000/app', '[fd00::1]:5000/app:latest'],
    ['Registry/app', 'Registry/app:latest'],
    ['a__b/c-d.e', 'docker.io/a__b/c-d.e:latest'],
    [`busybox@${sha}`, `docker.io/library/busybox@${sha}`],
    [`busybox:latest@${sha}`, `docker.io/library/busybox:latest@${sha}`],
    [`busybox@sha512:${'0'.repeat(128)}`, `docker.io/library/busybox@sha512:${'0'.repeat(128)}`],
  ])('%s is %s', (text, whole) => {
    expect(formatImageReference(withDefaultTag(parseImageReference(text)))).toBe(whole)
  })

  test.each([
    ['', 'invalid reference format'],
    [' busybox', 'invalid reference format'],
    ['busybox\n', 'invalid reference format'],
    ['..', 'invalid reference format'],
    ['../containers/json?', 'invalid reference format'],
    ['../127.0.0.1:31999/x?', 'invalid reference format'],
    ['../nosuch/x?', 'invalid reference format'],
    ['a/../../b', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['/busybox', 'invalid reference format'],
    ['busybox/', 'invalid reference format'],
    ['busy%62ox', 'invalid reference format'],
    ['busybox?x=1', 'invalid reference format'],
    ['busybox#x', 'invalid reference format'],
    ['busy\0box', 'invalid reference format'],
    ['büsybox', 'invalid reference format'],
    ['http://busybox', 'invalid reference format'],
    ['busybox:', 'invalid reference format'],
    ['busybox:-x', 'invalid reference format'],
    [`busybox:${'x'.repeat(129)}`, 'invalid reference format'],
    ['a..b', 'invalid reference format'],
    ['a___b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['registry.:5000/a', 'invalid reference format'],
    ['x'.repeat(100_000), 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['user/App:v1', 'invalid reference format: repository name (user/App) must be lowercase'],
    ['FOO_BAR/app', 'repository name must be lowercase'],
    [`${'x'.repeat(256)}:1`, 'repository name must not be more than 255 characters'],
    ['busybox@sha256:123', 'invalid reference format'],
    [`busybox@sha256:${'a'.repeat(63)}`, 'invalid checksum digest length'],
    [`busybox@sha256:${'A'.repeat(64)}`, 'invalid checksum digest format'],
    [`busybox@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
    ['c'.repeat(64), `invalid repository name (${'c'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseImageReference(text)).toThrow(message)
  })

  test.each([
    ['busybox', true],
    ['busybox:latest', true],
    [`busybox:latest@${sha}`, true],
    ['localhost:5000/busybox', true],
    ['busybox:1.36', false],
    [`busybox@${sha}`, false],
    [`busybox:1@${sha}`, false],
    ['busybox:LATEST', false],
    ['not an image', false],
  ])('%s defaults to the pull policy Always: %s', (text, expected) => {
    expect(isLatest(text)).toBe(expected)
  })
})
