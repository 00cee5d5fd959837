import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hostCredentials, type RunHelper } from './host-credentials.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-docker-config-'))
})
afterEach(() => rm(folder, { recursive: true }))
const write = (config: unknown): Promise<void> => writeFile(join(folder, 'config.json'), JSON.stringify(config))
const asked: string[] = []
const run: RunHelper = async (program, registry) => {
  asked.push(`${program} ${registry}`)
  if (registry === 'none.io') throw new Error('credentials not found')
  const Username = registry === 'token.io' ? '<token>' : 'helped'
  return JSON.stringify({ ServerURL: registry, Username, Secret: 's' })
}

test.each([
  ['none without a configuration', undefined, 'r.io/app:1', []],
  [
    'what the file has',
    { auths: { 'r.io': { auth: Buffer.from('me:secret').toString('base64') } } },
    'r.io/app:1',
    [{ username: 'me', password: 'secret', serveraddress: 'r.io' }],
  ],
  [
    'the helper of the registry',
    { credsStore: 'all', credHelpers: { 'r.io': 'own' } },
    'r.io/app:1',
    [{ username: 'helped', password: 's', serveraddress: 'r.io' }],
  ],
  ['a token', { credsStore: 'all' }, 'token.io/app', [{ identitytoken: 's', serveraddress: 'token.io' }]],
  ['Docker Hub', { credsStore: 'all' }, 'busybox', [{ username: 'helped', password: 's', serveraddress: 'docker.io' }]],
  [
    'the file, where the helper has nothing',
    { credsStore: 'all', auths: { 'none.io': { username: 'me', password: 'p' } } },
    'none.io/app',
    [{ username: 'me', password: 'p', serveraddress: 'none.io' }],
  ],
  ['no program but a helper', { credsStore: '../../bin/sh' }, 'r.io/app', []],
])('%s', async (_name, config, image, expected) => {
  if (config) await write(config)
  expect(await hostCredentials(image, { folder, run })).toEqual(expected)
})

test('a helper is asked for what it knows the registry as', async () => {
  asked.length = 0
  await write({ credsStore: 'all', credHelpers: { 'r.io': 'own' } })
  await hostCredentials('busybox', { folder, run })
  await hostCredentials('r.io/app', { folder, run })
  expect(asked).toEqual(['docker-credential-all https://index.docker.io/v1/', 'docker-credential-own r.io'])
})
