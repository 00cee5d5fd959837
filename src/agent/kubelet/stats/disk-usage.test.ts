import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDiskUsage, measureTrees, parseSizes, type TreeSize } from './disk-usage.ts'

test('trees are measured without following links, and missing ones are left out', async () => {
  const root = mkdtempSync(join(tmpdir(), 'disk-usage-'))
  try {
    mkdirSync(join(root, 'a/b'), { recursive: true })
    writeFileSync(join(root, 'a/b/file'), Buffer.alloc(1_000_000))
    symlinkSync('/usr', join(root, 'a/link'))
    const sizes = await measureTrees([join(root, 'a'), join(root, 'a/b'), join(root, 'missing')])
    expect([...sizes.keys()]).toEqual([join(root, 'a'), join(root, 'a/b')])
    expect(sizes.get(join(root, 'a'))?.inodes).toBe(4)
    expect(sizes.get(join(root, 'a/b'))?.bytes).toBeGreaterThanOrEqual(1_000_000)
    expect(sizes.get(join(root, 'a'))?.bytes).toBeLessThan(1_100_000)
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('paths may contain line ends and tabs', () => {
  expect([...parseSizes('12\t/a\tb\nc\x003\t/d\0')]).toEqual([
    ['/a\tb\nc', 12],
    ['/d', 3],
  ])
})

test('known sizes are kept for a minute, unknown paths are measured soon', async () => {
  let now = 0
  const asked: string[][] = []
  const disk = createDiskUsage({
    clock: { now: () => now, after: () => () => undefined },
    measure: async (paths) => {
      asked.push([...paths])
      return new Map(paths.map((path): [string, TreeSize] => [path, { bytes: asked.length, inodes: 1 }]))
    },
  })
  expect((await disk.of(['/a'])).get('/a')?.bytes).toBe(1)
  now = 1_000
  await disk.of(['/a', '/b'])
  expect(asked).toHaveLength(1)
  now = 6_000
  expect((await disk.of(['/a', '/b'])).get('/b')?.bytes).toBe(2)
  now = 50_000
  await disk.of(['/b'])
  expect(asked).toHaveLength(2)
  now = 70_000
  await disk.of(['/b'])
  expect(asked).toEqual([['/a'], ['/a', '/b'], ['/b']])
})
