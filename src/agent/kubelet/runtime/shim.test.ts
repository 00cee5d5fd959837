import { join } from 'node:path'
import { expect, test } from 'vitest'
import { givesOwnHostnames, givesUserNamespaces } from './shim.ts'

const image = join(import.meta.dirname, '../../../../resources/worker')

test.each([
  ['shim.pl', true],
  // As in workers that were made by an earlier version: another wrapper, or none.
  ['entrypoint.sh', false],
  ['missing', false],
])('a worker whose wrapper is %s gives containers hostnames of their own: %s', (file, gives) => {
  expect(givesOwnHostnames([join(image, 'missing'), join(image, file)])).toBe(gives)
})

test.each([
  ['6.3.0', 'shim.pl', true],
  ['7.0-rc1', 'shim.pl', true],
  ['6.18.44-generic', 'shim.pl', true],
  // Mounts of memory cannot be mapped.
  ['6.2.16', 'shim.pl', false],
  ['5.15.0-91-generic', 'shim.pl', false],
  // A worker that was made before.
  ['6.3.0', 'entrypoint.sh', false],
])('on Linux %s, a worker whose wrapper is %s gives pods user namespaces: %s', (release, file, gives) => {
  expect(givesUserNamespaces({ release, files: [join(image, file)] })).toBe(gives)
})
