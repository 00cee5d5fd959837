import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container, Pod, PodSecurityContext } from '#shared/kube/generated/types.ts'
import { groupIn, strictPrimaryGroup } from './primary-group.ts'
import { CannotEnforce } from './security.ts'

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1000:2000::/home/app:/bin/sh
broken:x:1001
1002:x:77:78::/:
`
test.each([
  ['', 0],
  ['root', 0],
  ['app', 2000],
  ['1000', 2000],
  ['broken', 0],
  ['nobody', 0],
  // A name that is a number.
  ['1002', 78],
])('the group of %j is %i', (user, group) => expect(groupIn(passwd, user)).toBe(group))

let root: string
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'slipway-layers-'))))
afterEach(() => rm(root, { recursive: true }))

async function layer(name: string, files: Record<string, string> = {}): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}
const strict = (
  layers: string[] | undefined,
  {
    user = 'app',
    pod = {},
    own = {},
  }: { user?: string; pod?: PodSecurityContext; own?: Container['securityContext'] } = {},
): Promise<number | undefined> => {
  const container: Container = { name: 'c', ...(own ? { securityContext: own } : {}) }
  const securityContext = { supplementalGroupsPolicy: 'Strict', ...pod }
  const spec: Pod = { metadata: { name: 'p' }, spec: { containers: [container], securityContext } }
  return strictPrimaryGroup(spec, container, { user, ...(layers ? { layers } : {}) })
}

test('the topmost layer that has the file counts', async () => {
  const base = await layer('base', { 'etc/passwd': passwd })
  const middle = await layer('middle', { 'etc/passwd': passwd.replaceAll('2000', '3000') })
  const top = await layer('top', { 'etc/hosts': '' })
  expect(await strict([top, middle, base])).toBe(3000)
  expect(await strict([top, base], { own: { runAsUser: 1000 } })).toBe(2000)
  expect(await strict([top], { user: '1000' })).toBe(0)
})

test('a group that is given is not looked for', async () => {
  expect(await strict(undefined, { pod: { runAsGroup: 5 } })).toBeUndefined()
  expect(await strict(undefined, { own: { runAsGroup: 5 } })).toBeUndefined()
  expect(await strict(undefined, { user: 'app:app' })).toBeUndefined()
  expect(await strict(undefined, { pod: { supplementalGroupsPolicy: 'Merge' } })).toBeUndefined()
})

test('an image that does not tell is refused: another group could be more than is asked for', async () => {
  const linked = await layer('linked', { 'real/passwd': passwd })
  await symlink('real', join(linked, 'etc'))
  const linkedFile = await layer('linked-file', { 'etc/real': passwd })
  await symlink('real', join(linkedFile, 'etc/passwd'))
  for (const layers of [undefined, [linked], [linkedFile]]) await expect(strict(layers)).rejects.toThrow(CannotEnforce)
})
