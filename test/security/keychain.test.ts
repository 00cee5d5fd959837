import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startControlPlane, type ControlPlane } from '#main/cluster/control-plane.ts'
import type { Keychain } from '#main/keys/key-files.ts'
import { openKeyStorage, unlockKeys } from '#main/keys/key-storage.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { secrets } from '#shared/kube/resources.ts'
import { createLocalNode } from '../support/local-node.ts'
import { threadEntries } from '../support/thread-entries.ts'

/** Wall 10: what the desktop app has sealed with the keychain is of no use to who copies the folder. */

let home: string
let dir: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-keychain-'))
  dir = join(home, 'clusters/dev')
})
afterEach(() => rm(home, { recursive: true }))

/** Stands for the operating system's. */
function createKeychain(): Keychain {
  const key = randomBytes(32)
  return {
    seal(text) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const bytes = Buffer.concat([cipher.update(text), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), bytes])
    },
    open(sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      decipher.setAuthTag(sealed.subarray(12, 28))
      return decipher.update(sealed.subarray(28), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

const start = async (keychain?: Keychain): Promise<ControlPlane> =>
  startControlPlane({
    name: 'dev',
    dir,
    threads: threadEntries,
    connector: () => createLocalNode(),
    keys: await openKeyStorage({ home, keychain }),
    clock: systemClock,
    log: silentLog,
  })

const keyTexts = async (): Promise<string[]> => {
  const names = (await readdir(join(dir, 'pki'))).map((name) => `pki/${name}`)
  return Promise.all([...names, 'secret.key'].map((name) => readFile(join(dir, name), 'latin1')))
}

const secretOf = async (plane: ControlPlane): Promise<unknown> =>
  (await plane.client.get(secrets, { namespace: 'default', name: 'kept' })).data?.['password']

test('an existing folder is sealed, refused to others, and opened to the command line, with every key kept', async () => {
  const keychain = createKeychain()
  const headless = await start()
  await headless.client.create(secrets, {
    metadata: { name: 'kept', namespace: 'default' },
    data: { password: 'aHVudGVyMg==' },
  })
  const { ca, adminToken, serviceAccounts } = headless.pki
  await headless.stop()
  expect((await keyTexts()).some((text) => text.includes('PRIVATE KEY'))).toBe(true)

  const desktop = await start(keychain)
  expect(desktop.pki.ca).toBe(ca)
  expect(await secretOf(desktop)).toBe('aHVudGVyMg==')
  await desktop.stop()
  const sealed = await keyTexts()
  for (const text of sealed) expect(text.startsWith('slipway-sealed-1\n')).toBe(true)
  expect(sealed.join('')).not.toContain(adminToken)

  await expect(start()).rejects.toThrow('slipway unlock')
  await expect(start(createKeychain())).rejects.toThrow()
  expect(await keyTexts()).toEqual(sealed)

  await unlockKeys({ home, keychain })
  const again = await start()
  expect({ ...again.pki.serviceAccounts, token: again.pki.adminToken }).toEqual({
    ...serviceAccounts,
    token: adminToken,
  })
  expect(await secretOf(again)).toBe('aHVudGVyMg==')
  await again.stop()
})
