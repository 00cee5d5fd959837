import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { keepTokens } from './keep-tokens.ts'

let dir: string
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'slipway-tokens-'))))
afterEach(() => rm(dir, { recursive: true }))

const source = `# of the team
users:
- name: bob # a token
  user: {token: b}
- name: jane
  user:
    auth-provider:
      name: oidc
      config:
        client-id: me # asked of Ann
        refresh-token: first
        id-token: "old"   # ends soon
contexts: []
`
const used = { 'refresh-token': 'first' }
const tokens = { 'id-token': 'i', 'refresh-token': 'second' }

test('the tokens of a user take the place of the used ones, and not a byte else changes', async () => {
  const file = join(dir, 'config')
  await writeFile(file, source, { mode: 0o640 })
  const link = join(dir, 'link')
  await symlink(file, link)
  await keepTokens({ file: link, user: 'jane' }, used, tokens)

  expect((await lstat(link)).isSymbolicLink()).toBe(true)
  expect(await readFile(file, 'utf8')).toBe(
    source.replace('refresh-token: first', 'refresh-token: "second"').replace('"old"', '"i"'),
  )
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await readdir(dir)).sort()).toEqual(['config', 'link'])
})

test('an id token that was not there is added, and comments stay', async () => {
  const file = join(dir, 'config')
  await writeFile(file, source.replace(/ *id-token.*\n/, ''))
  await keepTokens({ file, user: 'jane' }, used, tokens)
  const text = await readFile(file, 'utf8')
  expect(parse(text)).toMatchObject({ users: [{ name: 'bob' }, { user: { 'auth-provider': { config: tokens } } }] })
  expect(text.match(/# .*/g)).toEqual(['# of the team', '# a token', '# asked of Ann'])
})

test.each([[used], [{ 'id-token': 'old', ...used }]])('a kubeconfig in JSON stays JSON', async (before) => {
  const file = join(dir, 'config')
  const withConfig = (config: object) => ({
    users: [{ name: 'jane', user: { 'auth-provider': { name: 'oidc', config } } }],
    contexts: [],
  })
  await writeFile(file, JSON.stringify(withConfig(before)))
  await keepTokens({ file, user: 'jane' }, used, tokens)
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(withConfig(tokens))
})

test.each([
  ['another sign-in has replaced the used one', 'jane', { 'refresh-token': 'older' }],
  ['the user is not in it', 'eve', used],
  ['the user signs in otherwise', 'bob', used],
])('nothing is written where %s', async (_, user, before) => {
  const file = join(dir, 'config')
  await writeFile(file, source)
  await keepTokens({ file, user }, before, tokens)
  expect(await readFile(file, 'utf8')).toBe(source)
})

test('a file that kubectl holds is left alone, and so is its lock', async () => {
  const file = join(dir, 'config')
  await writeFile(file, source)
  await writeFile(`${file}.lock`, '')
  await expect(keepTokens({ file, user: 'jane' }, used, tokens)).rejects.toThrow('EEXIST')
  expect(await readFile(file, 'utf8')).toBe(source)
  expect((await readdir(dir)).sort()).toEqual(['config', 'config.lock'])
})
