import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { keyFiles, keyFilesIn, type Keychain, type KeyFiles } from './key-files.ts'
import { writePrivateFile } from './private-file.ts'

/**
 * How the keys of a data folder are kept. The desktop app seals them with the user's keychain, where there is a real one;
 * after `slipway unlock` they lie in files of mode 0600, so that the command line can open the folder, too.
 */
const fileName = 'keys.json'

/** The key files of `home` for a process that has `keychain`, or none. */
export async function openKeyStorage({
  home,
  keychain,
}: {
  home: string
  keychain?: Keychain | undefined
}): Promise<KeyFiles> {
  return keyFiles({ keychain, seal: keychain !== undefined && !(await isUnlocked(home)) })
}

async function isUnlocked(home: string): Promise<boolean> {
  try {
    return (JSON.parse(await readFile(join(home, fileName), 'utf8')) as { unlocked?: unknown }).unlocked === true
  } catch {
    return false
  }
}

/** Opens every key of `home` to the command line, for good. @returns how many files there are */
export async function unlockKeys({
  home,
  keychain,
}: {
  home: string
  keychain: Keychain | undefined
}): Promise<number> {
  // First the word, then the files: a process that is stopped in between leaves files that are opened when they are read.
  await writePrivateFile(join(home, fileName), JSON.stringify({ unlocked: true }))
  const files = await openKeyStorage({ home, keychain })
  let count = 0
  const clusters = await readdir(join(home, 'clusters')).catch((): string[] => [])
  for (const cluster of clusters)
    for (const file of await keyFilesIn(join(home, 'clusters', cluster))) if (await files.read(file)) count++
  return count
}

/** Has the desktop app seal the keys of `home` again, when it opens it next. */
export const lockKeys = (home: string): Promise<void> => rm(join(home, fileName), { force: true })
