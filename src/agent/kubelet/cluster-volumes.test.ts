import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createClusterVolumes, ensureVolumeFolder, type ClusterVolumes } from './cluster-volumes.ts'

let base: string
let root: string
let volumes: ClusterVolumes
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'slipway-cluster-volumes-'))
  root = join(base, 'volumes')
  await mkdir(join(root, 'pvc-1/sub'), { recursive: true })
  await writeFile(join(root, 'pvc-1/sub/file'), 'data', { mode: 0o640 })
  await writeFile(join(base, 'outside'), 'secret')
  await symlink(base, join(root, 'pvc-1/link'))
  volumes = createClusterVolumes({ roots: [root, join(base, 'absent')] })
})
afterEach(() => rm(base, { recursive: true }))

test('a volume is removed with its contents, and nothing that its links lead to', async () => {
  await volumes.remove('pvc-1')
  await volumes.remove('pvc-1')
  expect(await readdir(root)).toEqual([])
  expect(await readFile(join(base, 'outside'), 'utf8')).toBe('secret')
})

test('a link in the place of a volume is removed, not followed', async () => {
  await symlink(base, join(root, 'pvc-2'))
  await volumes.remove('pvc-2')
  expect(await readFile(join(base, 'outside'), 'utf8')).toBe('secret')
})

test.each(['', '.', '..', '../outside', 'pvc-1/sub', '/etc', '-rf', 'pvc-1\0', 'PVC', 'a'.repeat(254)])(
  '"%s" is no name of a volume',
  async (name) => {
    await expect(volumes.remove(name)).rejects.toMatchObject({ status: 400 })
    await expect((async () => volumes.copy('pvc-1', name))()).rejects.toMatchObject({ status: 400 })
    await expect((async () => volumes.copy(name, 'pvc-3'))()).rejects.toMatchObject({ status: 400 })
    expect(await readdir(root)).toEqual(['pvc-1'])
  },
)

test('a copy has the same files; one that is complete is not made again', async () => {
  await Promise.all([volumes.copy('pvc-1', 'pvc-2'), volumes.copy('pvc-1', 'pvc-2')])
  expect(await readdir(root)).toEqual(['pvc-1', 'pvc-2'])
  expect(await readFile(join(root, 'pvc-2/sub/file'), 'utf8')).toBe('data')
  expect((await stat(join(root, 'pvc-2/sub/file'))).mode & 0o777).toBe(0o640)
  await writeFile(join(root, 'pvc-2/sub/file'), 'changed')
  await volumes.copy('pvc-1', 'pvc-2')
  expect(await readFile(join(root, 'pvc-2/sub/file'), 'utf8')).toBe('changed')
})

test('what a crash has left of a copy is made anew', async () => {
  await mkdir(join(root, '.part-pvc-2'))
  await writeFile(join(root, '.part-pvc-2/half'), '')
  await volumes.copy('pvc-1', 'pvc-2')
  expect(await readdir(join(root, 'pvc-2'))).toEqual(['link', 'sub'])
})

test('the folder of a volume is for any user; without the cluster’s volume there is none', async () => {
  await ensureVolumeFolder({ root, name: 'pvc-9' })
  expect((await stat(join(root, 'pvc-9'))).mode & 0o777).toBe(0o777)
  await ensureVolumeFolder({ root: join(base, 'absent'), name: 'pvc-9' })
  await expect(stat(join(base, 'absent'))).rejects.toThrow('ENOENT')
})
