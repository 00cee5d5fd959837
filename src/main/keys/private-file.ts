import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces `file` as a whole by one that only its owner can read: it is the old one or the new one at any instant. */
export async function writePrivateFile(file: string, content: string | Uint8Array): Promise<void> {
  await writePrivateFileBy(file, (handle) => handle.writeFile(content))
}

/**
 * The same with what `write` puts there. A crash leaves a file that ends in `.tmp` beside it, with what was written so far.
 * @returns its size in bytes @throws what `write` throws; then nothing is left of it
 */
export async function writePrivateFileBy(file: string, write: (handle: FileHandle) => Promise<void>): Promise<number> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    let size: number
    try {
      await write(handle)
      await handle.datasync()
      size = (await handle.stat()).size
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
    return size
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
