import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/** The 32 byte key that encrypts Secrets at rest, from `file`; made on first use, readable by its owner alone. */
export async function readOrCreateSecretKey(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const key = randomBytes(32)
    await writeFile(file, key, { mode: 0o600, flag: 'wx' })
    return key
  }
}
