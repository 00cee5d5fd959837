import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

interface Entry {
  files?: Record<string, Entry>
  offset?: string
  size?: number
  integrity?: { algorithm: string; hash: string }
}

/**
 * Unpacks an asar archive as Electron reads it: a header of JSON that names offsets, then the files.
 * @throws when a file's hash is not the one of the header
 */
export async function unpackArchive(archive: string, folder: string): Promise<void> {
  const bytes = await readFile(archive)
  const header = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12))) as Entry
  const start = 8 + bytes.readUInt32LE(4)
  const unpack = async ({ files = {} }: Entry, path: string): Promise<void> => {
    for (const [name, entry] of Object.entries(files)) {
      const target = join(path, name)
      if (entry.files) {
        await unpack(entry, target)
        continue
      }
      const offset = start + Number(entry.offset)
      const content = bytes.subarray(offset, offset + (entry.size ?? 0))
      if (entry.integrity?.hash !== createHash('sha256').update(content).digest('hex'))
        throw new Error(`${target} is not what the archive's header says`)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, content)
    }
  }
  await unpack(header, folder)
}
