import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyFiles } from '#main/keys/key-files.ts'

const keyBytes = 32

/**
 * The key that encrypts Secrets at rest, `secret.key` in the cluster's folder. A key is generated for a new cluster
 * only: an existing store cannot be read with another one. @throws Error for the user when the key of an existing store
 * is missing or damaged
 */
export async function secretsKey(dir: string, keys: KeyFiles): Promise<Uint8Array> {
  const file = join(dir, 'secret.key')
  const kept = await keys.read(file)
  if (kept?.length === keyBytes) return kept
  if (kept) throw new Error(`${file} is damaged: it has ${kept.length} bytes instead of ${keyBytes}. ${remedy}`)
  if (await hasLog(join(dir, 'store')))
    throw new Error(`${file} is missing, and the store was written with it. ${remedy}`)
  // The key has to be on disk before anything is encrypted with it.
  const made = randomBytes(keyBytes)
  await keys.write(file, made)
  return made
}

const remedy = 'Nothing was changed; restore the file from a copy, or delete the cluster'

async function hasLog(store: string): Promise<boolean> {
  const files = await readdir(store).catch((): string[] => [])
  return files.some((name) => name.endsWith('.db'))
}
