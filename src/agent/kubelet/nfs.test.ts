import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFakeMounts } from '#test/support/fake-mounts.ts'
import { mountNfs, optionsOf, versionsFor } from './nfs.ts'

test.each<[string[] | undefined, string[]]>([
  [undefined, ['4.2', '4.1', '4.0', '3']],
  [['hard', 'nfsvers=4.1'], ['4.1']],
  [['vers=3'], ['3']],
  [['v4'], ['4']],
])('options %j ask for versions %j', (options, versions) => {
  expect(versionsFor(options)).toEqual(versions)
})

test('the kernel gets the address, and version 3 what mount.nfs would have asked for it', () => {
  const source = { server: 's', path: '/e', readOnly: true, mountOptions: ['hard', 'vers=3'] }
  expect(optionsOf(source, '3', '10.0.0.9')).toBe('vers=3,addr=10.0.0.9,mountaddr=10.0.0.9,nolock,ro,hard')
  expect(optionsOf({ server: 's', path: '/e' }, '4.2', '10.0.0.9')).toBe('vers=4.2,addr=10.0.0.9')
})

test('an export is mounted once; what the kernel refuses is told with its reason', async () => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-nfs-'))
  const tried: string[] = []
  const mounts = createFakeMounts()
  const { nfs } = mounts
  mounts.nfs = async (source, target, options) => {
    tried.push(options)
    if (options.startsWith('vers=4')) throw new Error("mount: unknown filesystem type 'nfs'")
    await nfs(source, target, options)
  }
  const target = join(root, 'v')
  await mountNfs(mounts, { server: '127.0.0.1', path: '/e' }, target)
  await mountNfs(mounts, { server: '127.0.0.1', path: '/e' }, target)
  expect(tried).toHaveLength(4)
  await expect(
    mountNfs(mounts, { server: '127.0.0.1', path: '/e', mountOptions: ['vers=4.1'] }, join(root, 'w')),
  ).rejects.toThrow(
    "NFS export 127.0.0.1:/e is not mounted by this kernel: version 4.1: mount: unknown filesystem type 'nfs'",
  )
  await rm(root, { recursive: true })
})
