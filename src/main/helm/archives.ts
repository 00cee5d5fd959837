import { Readable } from 'node:stream'
import { createGunzip, inflateRawSync } from 'node:zlib'
import { extract } from 'tar-stream'

/** Most bytes of an archive once it is unpacked. */
const mostBytes = 300_000_000

/**
 * The files of a tar.gz by their names.
 * @param wanted which of them are kept
 * @throws Error when it is none, or larger than 300 MB
 */
export async function filesOfTar(
  archive: Buffer,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const reader = extract()
  const gunzip = createGunzip()
  gunzip.on('error', (error) => reader.destroy(error))
  Readable.from([archive]).pipe(gunzip).pipe(reader)
  let bytes = 0
  for await (const entry of reader) {
    const { name, type } = entry.header
    const chunks: Buffer[] = []
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > mostBytes) throw new Error('the archive is too large')
      chunks.push(chunk)
    }
    if (type === 'file' && wanted(name)) files.set(name.replace(/^\.\//, ''), Buffer.concat(chunks))
  }
  return files
}

const endOfDirectory = 0x06054b50
const directoryEntry = 0x02014b50

/** The files of a zip by their names: stored or deflated ones, without ZIP64. @throws Error when it is none */
export function filesOfZip(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== endOfDirectory) end--
  if (end < 0) throw new Error('the file is no zip archive')
  const count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  for (let index = 0; index < count; index++) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Error('the zip archive is damaged')
    const method = archive.readUInt16LE(at + 10)
    const size = archive.readUInt32LE(at + 20)
    const [nameLength, extraLength, remarkLength] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field))
    const start = archive.readUInt32LE(at + 42)
    const name = archive.toString('utf8', at + 46, at + 46 + (nameLength ?? 0))
    // The lengths of the entry's own head may differ from those of the directory.
    const data = start + 30 + archive.readUInt16LE(start + 26) + archive.readUInt16LE(start + 28)
    const packed = archive.subarray(data, data + size)
    if (!name.endsWith('/'))
      files.set(name, method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: mostBytes }))
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (remarkLength ?? 0)
  }
  return files
}
