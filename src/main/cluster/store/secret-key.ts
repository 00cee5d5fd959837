import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const keyBytes = 32

/**
 * The key that encrypts Secrets at rest, `secret.key` in the cluster's folder. A new one is made for a new cluster only:
 * another key can not read what the store holds. @throws Error for the user when the key of an existing store is missing
 * or damaged
 */
export async function secretsKey(dir: string): Promise<Uint8Array> {
  const file = join(dir, 'secret.key')
  const key = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  })
  if (key?.length === keyBytes) return key
  if (key) throw new Error(`${file} is damaged: it has ${key.length} bytes instead of ${keyBytes}. ${remedy}`)
  if (await hasLog(join(dir, 'store')))
    throw new Error(`${file} is missing, and the store was written with it. ${remedy}`)
  return writeKey(file, dir)
}

const remedy = 'Nothing was changed; restore the file from a copy, or delete the cluster'

async function hasLog(store: string): Promise<boolean> {
  const files = await readdir(store).catch((): string[] => [])
  return files.some((name) => name.endsWith('.db'))
}

/** The key has to be on disk before anything is encrypted with it. */
async function writeKey(file: string, dir: string): Promise<Uint8Array> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const key = randomBytes(keyBytes)
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(key)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return key
}
