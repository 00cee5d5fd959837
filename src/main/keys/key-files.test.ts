import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keyFiles, type Keychain } from './key-files.ts'
import { lockKeys, openKeyStorage, unlockKeys } from './key-storage.ts'

/** Stands for the system's: what it has sealed does not show the text. */
const keychain: Keychain = {
  seal: (text) => Buffer.from([...Buffer.from(text)].map((byte) => byte ^ 0x5a)),
  open: (sealed) => Buffer.from([...sealed].map((byte) => byte ^ 0x5a)).toString(),
}

let home: string
let cluster: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-keys-'))
  cluster = join(home, 'clusters/dev')
  await mkdir(join(cluster, 'pki'), { recursive: true })
})
afterEach(() => rm(home, { recursive: true }))

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i))
const onDisk = (file: string): Promise<Buffer> => readFile(join(cluster, file))

describe('the files of a cluster', () => {
  test('are sealed as they are read, with nothing lost, and opened again', async () => {
    await writeFile(join(cluster, 'secret.key'), key, { mode: 0o644 })
    const desktop = keyFiles({ keychain })
    expect(await desktop.read(join(cluster, 'secret.key'))).toEqual(key)
    expect((await onDisk('secret.key')).includes(key.subarray(0, 8))).toBe(false)
    expect((await stat(join(cluster, 'secret.key'))).mode & 0o777).toBe(0o600)
    expect(await desktop.read(join(cluster, 'secret.key'))).toEqual(key)
    expect(await keyFiles({ keychain, seal: false }).read(join(cluster, 'secret.key'))).toEqual(key)
    expect(await onDisk('secret.key')).toEqual(key)
    expect(await readdir(cluster)).toEqual(['pki', 'secret.key'])
  })

  test('that are sealed are refused to a process without a keychain, and left as they are', async () => {
    await keyFiles({ keychain }).write(join(cluster, 'pki/admin.token'), 'token')
    const before = await onDisk('pki/admin.token')
    await expect(keyFiles().read(join(cluster, 'pki/admin.token'))).rejects.toThrow('slipway unlock')
    expect(await onDisk('pki/admin.token')).toEqual(before)
  })

  test('are not replaced by what the keychain cannot open again', async () => {
    await writeFile(join(cluster, 'secret.key'), key)
    const broken: Keychain = { seal: keychain.seal, open: () => 'something else' }
    await expect(keyFiles({ keychain: broken }).read(join(cluster, 'secret.key'))).rejects.toThrow('does not give back')
    expect(await onDisk('secret.key')).toEqual(key)
  })

  test('that are not there are not there', async () => {
    expect(await keyFiles({ keychain }).read(join(cluster, 'secret.key'))).toBeUndefined()
  })
})

describe('a data folder', () => {
  test('is unlocked for the command line, for good, until it is locked again', async () => {
    await writeFile(join(cluster, 'secret.key'), key)
    await writeFile(join(cluster, 'pki/ca.pem'), 'authority')
    const files = [join(cluster, 'secret.key'), join(cluster, 'pki/ca.pem')]
    const openDesktop = async (): Promise<void> => {
      const desktop = await openKeyStorage({ home, keychain })
      for (const file of files) expect(await desktop.read(file)).toBeDefined()
    }
    await openDesktop()
    expect((await onDisk('pki/ca.pem')).toString()).not.toContain('authority')

    expect(await unlockKeys({ home, keychain })).toBe(2)
    await openDesktop()
    const commandLine = await openKeyStorage({ home })
    expect(await commandLine.read(join(cluster, 'secret.key'))).toEqual(key)
    expect((await onDisk('pki/ca.pem')).toString()).toBe('authority')

    await lockKeys(home)
    await openDesktop()
    await expect(commandLine.read(join(cluster, 'secret.key'))).rejects.toThrow('sealed')
  })

  test('is not unlocked by a process without a keychain, which loses nothing', async () => {
    await keyFiles({ keychain }).write(join(cluster, 'secret.key'), key)
    await expect(unlockKeys({ home, keychain: undefined })).rejects.toThrow('sealed')
    expect(await keyFiles({ keychain }).read(join(cluster, 'secret.key'))).toEqual(key)
  })
})
