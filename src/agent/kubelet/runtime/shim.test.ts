import { join } from 'node:path'
import { expect, test } from 'vitest'
import { givesOwnHostnames } from './shim.ts'

const image = join(import.meta.dirname, '../../../../resources/worker')

test.each([
  ['shim.pl', true],
  // As in workers that were made by an earlier version: another wrapper, or none.
  ['entrypoint.sh', false],
  ['missing', false],
])('a worker whose wrapper is %s gives containers hostnames of their own: %s', (file, gives) => {
  expect(givesOwnHostnames([join(image, 'missing'), join(image, file)])).toBe(gives)
})
