import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { descriptorPath, openBeneath, openFolderAnd, readTail, reopen, type WalkOptions } from './safe-path.ts'

let base: string
/** The volume; `outside` is beside it, like the node's own files. */
let root: string
let outside: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'slipway-safe-'))
  root = join(base, 'volume')
  outside = join(base, 'outside')
  for (const folder of [root, outside]) await mkdir(folder)
  await writeFile(join(outside, 'secret'), 'of the node')
})
afterEach(() => rm(base, { recursive: true }))

/** Where the walk ended, relative to the volume. */
const walk = (path: string, options: Partial<WalkOptions> = {}): Promise<string> =>
  openFolderAnd(root, async (folder) => {
    const { handle } = await openBeneath(folder, path, { links: 'beneath', rootNames: [root], ...options })
    try {
      return (await readlink(descriptorPath(handle))).replace(base, '').replace(/^\/volume\/?/, '')
    } finally {
      await handle.close()
    }
  })
const make = { last: 'directory', mode: 0o2777, parents: true } as const

// Linux only: descriptors are reached through /proc.
if (process.platform === 'linux') {
  describe('links in a volume', () => {
    beforeEach(async () => {
      await mkdir(join(root, 'dir/deep'), { recursive: true })
      await writeFile(join(root, 'dir/file'), 'of the volume')
    })

    test.each<[string, string, string, string]>([
      // shape, the link's text, the path that is opened, where it ends
      ['relative, to a sibling', 'dir', 'link', 'dir'],
      ['relative, with .. that stays inside', 'dir/../dir/deep', 'link', 'dir/deep'],
      ['as a middle component', 'dir', 'link/deep', 'dir/deep'],
      ['to a file', 'dir/file', 'link', 'dir/file'],
      ['to itself, by dot', '.', 'link/dir', 'dir'],
      ['with slashes doubled and trailing', './/dir//deep/', 'link', 'dir/deep'],
    ])('%s: is followed', async (_shape, text, path, end) => {
      await symlink(text, join(root, 'link'))
      expect(await walk(path)).toBe(end)
    })

    test('absolute, but beneath the volume: is followed', async () => {
      await symlink(join(root, 'dir/deep'), join(root, 'link'))
      expect(await walk('link')).toBe('dir/deep')
    })

    test('link to a link that stays inside: is followed', async () => {
      await symlink('second', join(root, 'first'))
      await symlink('dir/third', join(root, 'second'))
      await symlink('../dir/deep', join(root, 'dir/third'))
      expect(await walk('first')).toBe('dir/deep')
    })

    test.each<[string, (link: string) => string | Promise<string>, string]>([
      ['absolute', () => '/etc', 'link'],
      ['absolute, to the folder beside', () => outside, 'link'],
      ['absolute, whose text begins like the volume', () => `${root}-other`, 'link'],
      ['absolute, beneath the volume and out of it again', () => `${root}/../outside`, 'link'],
      ['relative and escaping', () => '../outside', 'link'],
      ['relative, escaping from deep within', () => 'dir/deep/../../../outside', 'link'],
      ['escaping and coming back', () => '../volume/dir', 'link'],
      ['as a middle component', () => '../outside', 'link/secret'],
      ['a link to a link that escapes', (link) => symlink('../outside', `${link}2`).then(() => 'link2'), 'link'],
      ['to /proc/self/root', () => '/proc/self/root', 'link/etc'],
      ['to a descriptor of the agent', () => '/proc/self/fd/0', 'link'],
      ['to the root', () => '/', 'link/etc'],
      ['nothing but ..', () => '..', 'link'],
    ])('escaping (%s): is refused, without disclosing the target', async (_shape, text, path) => {
      const link = join(root, 'link')
      await symlink(await text(link), link)
      await expect(walk(path)).rejects.toThrow('is not within volume path')
      await expect(walk(`${path}/new`, { create: make })).rejects.toThrow('is not within volume path')
      expect(await readdir(outside)).toEqual(['secret'])
    })

    test('dangling: is refused, and nothing is created through it', async () => {
      await symlink('nowhere', join(root, 'link'))
      await expect(walk('link', { create: make })).rejects.toThrow('ENOENT')
      await expect(walk('link/new', { create: make })).rejects.toThrow('ENOENT')
      expect((await readdir(root)).sort()).toEqual(['dir', 'link'])
    })

    test('in a circle: is refused', async () => {
      await symlink('b', join(root, 'a'))
      await symlink('a', join(root, 'b'))
      await expect(walk('a')).rejects.toThrow('symbolic link')
    })

    test('are not followed with links "none"', async () => {
      await symlink('dir', join(root, 'link'))
      await expect(walk('link/file', { links: 'none' })).rejects.toThrow('symbolic link')
      expect(await walk('dir/file', { links: 'none' })).toBe('dir/file')
    })

    test('.. in the path itself does not leave the root', async () => {
      await expect(walk('dir/../../outside')).rejects.toThrow('is not within volume path')
    })

    test('a file is not walked through', async () => {
      await expect(walk('dir/file/x', { create: make })).rejects.toThrow('ENOTDIR')
    })

    if (process.getuid?.() === 0)
      test('trusted links: only in folders that root alone can write', async () => {
        await mkdir(join(root, 'open'))
        await chmod(join(root, 'open'), 0o1777)
        await symlink('../dir', join(root, 'open/link'))
        await symlink('dir', join(root, 'link'))
        expect(await walk('link', { links: 'trusted' })).toBe('dir')
        await expect(walk('open/link', { links: 'trusted' })).rejects.toThrow('that a pod may have made')
      })
  })

  describe('a missing path', () => {
    test('is created with the requested mode, whatever the umask', async () => {
      expect(await walk('a/b', { create: make })).toBe('a/b')
      for (const path of ['a', 'a/b']) expect((await stat(join(root, path))).mode & 0o7777).toBe(0o2777)
    })

    test('is created behind a link that stays inside', async () => {
      await mkdir(join(root, 'dir'))
      await symlink('dir', join(root, 'link'))
      expect(await walk('link/new', { create: make })).toBe('dir/new')
    })

    test('a file whose folder is missing is not created', async () => {
      const file = { last: 'file', mode: 0o644, parents: false } as const
      expect(await walk('file', { create: file })).toBe('file')
      await expect(walk('no/file', { create: file })).rejects.toThrow('ENOENT')
    })
  })

  test('no descriptor is left open', async () => {
    await mkdir(join(root, 'a/b/c'), { recursive: true })
    await symlink('../../outside', join(root, 'a/link'))
    const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length
    const before = await open()
    for (let turn = 0; turn < 20; turn++)
      for (const path of ['a/b/c', 'a/b/../b/c', 'a/link', 'a/none', 'a/b/c/../../../..'])
        await walk(path).catch(() => undefined)
    expect(await open()).toBeLessThanOrEqual(before)
  })

  describe('while a pod swaps a folder with a link', () => {
    let pod: ChildProcess
    beforeEach(async () => {
      await mkdir(join(root, 'x/deep'), { recursive: true })
      await writeFile(join(root, 'x/deep/mine'), '')
      await mkdir(join(outside, 'deep'))
      const exchange = `const fs=require('fs');const may=(f)=>{try{f()}catch{}};process.chdir(process.argv[1]);console.log('on');
        for(let i=0;;i++){may(()=>fs.renameSync('x','x'+i));may(()=>fs.symlinkSync('../outside','x'));
        may(()=>fs.unlinkSync('x'));may(()=>fs.renameSync('x'+i,'x'))}`
      pod = spawn(process.execPath, ['-e', exchange, root], { stdio: ['ignore', 'pipe', 'inherit'] })
      if (pod.stdout) await once(pod.stdout, 'data')
    })
    afterEach(async () => {
      const ended = once(pod, 'exit')
      pod.kill('SIGKILL')
      await ended
    })

    test('nothing outside is ever opened or created', async () => {
      let inside = 0
      let refused = 0
      const until = Date.now() + 3_000
      for (let turn = 0; Date.now() < until || inside === 0; turn++) {
        const path = turn % 2 ? 'x/deep' : `x/new-${turn}`
        try {
          // The folder is renamed meanwhile; it only matters that it is inside the volume.
          expect(await walk(path, { create: make })).not.toContain('outside')
          inside++
        } catch (error) {
          if (!(error instanceof Error) || error.name === 'AssertionError') throw error
          refused++
        }
      }
      expect(await readdir(outside)).toEqual(['deep', 'secret'])
      expect(inside).toBeGreaterThan(0)
      expect(refused).toBeGreaterThan(0)
    }, 60_000)
  })

  describe('the end of a file', () => {
    test('no more than the limit is read, whatever the file’s size', async () => {
      await writeFile(join(root, 'log'), 'begin')
      await truncate(join(root, 'log'), 2 ** 34)
      const file = await open(join(root, 'log'), 'a')
      await file.write('the end')
      await file.close()
      const before = process.memoryUsage().rss
      const tail = await readTail(root, 'log', 4_096)
      expect(tail?.length).toBe(4_096)
      expect(tail?.toString('utf8').endsWith('the end')).toBe(true)
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20)
    })

    test('a short file is read completely', async () => {
      await writeFile(join(root, 'log'), 'few words')
      expect(String(await readTail(root, 'log', 4_096))).toBe('few words')
    })

    test.each<[string, (path: string) => unknown]>([
      ['a link', (path) => symlink(join(outside, 'secret'), path)],
      ['a FIFO', (path) => execFileSync('mkfifo', [path])],
      ['a folder', (path) => mkdir(path)],
      ['a link to a device', (path) => symlink('/dev/zero', path)],
      ['nothing', () => undefined],
    ])('%s is not read', async (_name, plant) => {
      await plant(join(root, 'log'))
      expect(await readTail(root, 'log', 4_096)).toBeUndefined()
    })
  })

  test('the opened file is read, not the file now at its path', async () => {
    await writeFile(join(root, 'file'), 'first')
    await openFolderAnd(root, async (folder) => {
      const { handle } = await openBeneath(folder, 'file', { links: 'none' })
      await rm(join(root, 'file'))
      await symlink(join(outside, 'secret'), join(root, 'file'))
      const file = await reopen(handle)
      expect(await file.readFile('utf8')).toBe('first')
      await file.close()
      await handle.close()
    })
    expect(await readFile(join(root, 'file'), 'utf8')).toBe('of the node')
  })
}
