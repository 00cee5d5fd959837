import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { hugePagesMount, hugePagesOf, memoryBeside } from './huge-pages.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-pages-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('sizes that the machine has, with what it has of them', async () => {
  for (const [size, pages] of [
    [64, 3],
    [2_048, 4],
    [1_048_576, 0],
  ]) {
    await mkdir(join(folder, `hugepages-${size}kB`))
    await writeFile(join(folder, `hugepages-${size}kB`, 'nr_hugepages'), `${pages}\n`)
  }
  expect(hugePagesOf(folder)).toEqual({
    'hugepages-64Ki': 3 * 64 * 1_024,
    'hugepages-2Mi': 8 * 2 ** 20,
    'hugepages-1Gi': 0,
  })
  expect(hugePagesOf(join(folder, 'missing'))).toEqual({})
})

const podOf = (...sizes: string[]): Pod => ({
  metadata: { name: 'p' },
  spec: {
    containers: sizes.map((size, index) => ({
      name: `c${index}`,
      resources: { requests: { [`hugepages-${size}`]: '4Mi' } },
    })),
  },
})

test.each([
  ['HugePages', podOf('2Mi'), 'pagesize=2097152'],
  ['HugePages-1Gi', podOf('2Mi', '1Gi'), 'pagesize=1073741824'],
])('a volume of the medium %s has pages of the size that the pod requests', (medium, pod, expected) => {
  expect(hugePagesMount(pod, medium)).toBe(expected)
})

test.each([
  ['HugePages', podOf(), 'no hugepages resource is requested'],
  ['HugePages', podOf('2Mi', '1Gi'), 'one size of pages alone'],
  ['HugePages-1Gi', podOf('2Mi'), 'is not requested'],
  ['HugePages-,x', podOf('2Mi'), 'is not requested'],
])('and of %s is refused else', (medium, pod, message) => {
  expect(() => hugePagesMount(pod, medium)).toThrow(message)
})

test.each([
  ['all of the machine', 16, 6, 10],
  ['a limit within what is left', 4, 6, 4],
  ['a limit above what is left', 12, 6, 10],
  // A negative amount would have the node refused.
  ['a machine that is all pages', 4, 16, 0],
])('what is left beside huge pages of %s', (_what, memory, pages, left) => {
  const gib = 2 ** 30
  expect(memoryBeside({ 'hugepages-1Gi': pages * gib }, memory * gib, 16 * gib)).toBe(left * gib)
})
