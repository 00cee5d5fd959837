import { chmod, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivateFile } from './private-file.ts'

/** Where a cluster's keys lie: its authorities, its signing key, the administrator's token, the key of its Secrets. */
export interface KeyFiles {
  /** The content of `file`; undefined when there is none. @throws KeySealed */
  read(file: string): Promise<Buffer | undefined>
  /** Replaces `file` as a whole. */
  write(file: string, content: string | Uint8Array): Promise<void>
}

/** The secret storage of the operating system, which knows the user (Electron's safeStorage). */
export interface Keychain {
  seal(text: string): Uint8Array
  /** @throws Error when another user or keychain has sealed it */
  open(sealed: Uint8Array): string
}

/** The file is sealed by the desktop app, and this process has no keychain. */
export class KeySealed extends Error {
  constructor(file: string) {
    super(
      `${file} is sealed by the desktop app with your keychain; open the folder to the command line: slipway unlock`,
    )
  }
}

const magic = Buffer.from('slipway-sealed-1\n')

/**
 * Files of mode 0600, sealed by `keychain` when there is one. Reading a file in the other form rewrites it: folders are
 * sealed and opened again as they are used, each file by one rename after its new content was read back.
 * @param options `seal`: false writes files in the clear although there is a keychain, and opens what is sealed
 */
export function keyFiles({
  keychain,
  seal = keychain !== undefined,
}: { keychain?: Keychain | undefined; seal?: boolean } = {}): KeyFiles {
  const write = async (file: string, content: string | Uint8Array): Promise<void> => {
    const bytes = Buffer.from(content)
    await writePrivateFile(file, keychain && seal ? sealed(keychain, bytes) : bytes)
  }
  return {
    write,
    async read(file) {
      const bytes = await readFile(file).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        return undefined
      })
      if (!bytes) return undefined
      await chmod(file, 0o600)
      const isSealed = bytes.subarray(0, magic.length).equals(magic)
      if (isSealed && !keychain) throw new KeySealed(file)
      const content = isSealed && keychain ? opened(keychain, bytes) : bytes
      if (isSealed !== seal) await write(file, content)
      return content
    },
  }
}

function sealed(keychain: Keychain, bytes: Buffer): Buffer {
  const result = Buffer.concat([magic, keychain.seal(bytes.toString('base64'))])
  // The clear file is about to be replaced: what cannot be opened again must not take its place.
  if (!opened(keychain, result).equals(bytes)) throw new Error('the keychain does not give back what it has sealed')
  return result
}

const opened = (keychain: Keychain, bytes: Buffer): Buffer =>
  Buffer.from(keychain.open(bytes.subarray(magic.length)), 'base64')

/** Every key file of a cluster's folder. */
export async function keyFilesIn(dir: string): Promise<string[]> {
  const pki = await readdir(join(dir, 'pki')).catch((): string[] => [])
  return [
    join(dir, 'secret.key'),
    ...pki.filter((name) => !name.endsWith('.tmp')).map((name) => join(dir, 'pki', name)),
  ]
}
