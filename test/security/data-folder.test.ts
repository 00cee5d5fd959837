import { chmod, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startControlPlane } from '#main/cluster/control-plane.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { secrets } from '#shared/kube/resources.ts'
import { createLocalNode } from '../support/local-node.ts'
import { threadEntries } from '../support/thread-entries.ts'

/** Wall 4: what lies in a cluster's folder is its owner's alone, and its key is never replaced by another. */

let root: string
let original: string
let copies = 0

const start = (dir: string): ReturnType<typeof startControlPlane> =>
  startControlPlane({
    name: 'test',
    dir,
    threads: threadEntries,
    connector: () => createLocalNode(),
    clock: systemClock,
    log: silentLog,
  })

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-data-'))
  original = join(root, 'original')
  const plane = await start(original)
  await plane.client.create(secrets, {
    metadata: { name: 'kept', namespace: 'default' },
    data: { password: Buffer.from('hunter2').toString('base64') },
  })
  await plane.stop()
})
afterAll(() => rm(root, { recursive: true }))

const copy = async (): Promise<string> => {
  const dir = join(root, `copy-${copies++}`)
  await cp(original, dir, { recursive: true, preserveTimestamps: true })
  return dir
}

async function modesIn(dir: string): Promise<Record<string, number>> {
  const modes: Record<string, number> = { '.': (await stat(dir)).mode & 0o777 }
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    modes[path.slice(dir.length + 1)] = (await stat(path)).mode & 0o777
  }
  return modes
}

async function contentsOf(dir: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {}
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true }))
    if (entry.isFile())
      contents[join(entry.parentPath, entry.name).slice(dir.length + 1)] = await readFile(
        join(entry.parentPath, entry.name),
        'latin1',
      )
  return contents
}

test('rights that others were given on the folder are taken back at the start', async () => {
  const dir = await copy()
  for (const [name, mode] of Object.entries(await modesIn(dir)))
    await chmod(join(dir, name), mode | 0o044 | ((await stat(join(dir, name))).isDirectory() ? 0o011 : 0))
  expect((await modesIn(dir))['secret.key']).toBe(0o644)
  const plane = await start(dir)
  const modes = await modesIn(dir)
  await plane.stop()
  expect(Object.keys(modes)).toEqual(expect.arrayContaining(['secret.key', 'kubeconfig', 'store', 'pki/ca.pem']))
  for (const [name, mode] of Object.entries(modes)) expect({ name, others: mode & 0o077 }).toEqual({ name, others: 0 })
})

describe('the key of the encrypted Secrets', () => {
  test.each<[string, (file: string) => Promise<void>, RegExp]>([
    ['missing', (file) => rm(file), /secret\.key is missing/],
    ['empty', (file) => writeFile(file, ''), /secret\.key is damaged/],
    ['cut short', (file) => writeFile(file, Buffer.alloc(16, 1)), /secret\.key is damaged/],
    ['another one', (file) => writeFile(file, Buffer.alloc(32, 1)), /not the one that encrypted them/],
  ])('when it is %s, the start is refused and nothing is changed', async (_name, damage, message) => {
    const dir = await copy()
    const file = join(dir, 'secret.key')
    await damage(file)
    const before = await contentsOf(dir)
    await expect(start(dir)).rejects.toThrow(message)
    expect(await contentsOf(dir)).toEqual(before)

    await cp(join(original, 'secret.key'), file)
    const plane = await start(dir)
    const kept = await plane.client.get(secrets, { namespace: 'default', name: 'kept' })
    await plane.stop()
    expect(kept.data?.['password']).toBe(Buffer.from('hunter2').toString('base64'))
  })
})

test('an end that is cut off the log is told of without a claim that it was never acknowledged', async () => {
  const dir = await copy()
  const segments = (await readdir(join(dir, 'store'))).filter((name) => /^segment-\d+\.db$/.test(name)).sort()
  const sizes = await Promise.all(
    segments.map(async (name) => ({ name, size: (await stat(join(dir, 'store', name))).size })),
  )
  const last = sizes.findLast(({ size }) => size > 0)
  const file = join(dir, 'store', last?.name ?? '')
  await writeFile(file, (await readFile(file)).subarray(0, (last?.size ?? 0) - 40))
  const warnings: string[] = []
  const plane = await startControlPlane({
    name: 'test',
    dir,
    threads: threadEntries,
    connector: () => createLocalNode(),
    clock: systemClock,
    log: { ...silentLog, warn: (message) => void warnings.push(message), child: () => silentLog },
  })
  await plane.stop()
  expect(warnings.join('\n')).toContain('acknowledged writes are missing')
  expect(await readdir(join(dir, 'store'))).toContain(`${last?.name ?? ''}.torn`)
})
