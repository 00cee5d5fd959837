import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { messageOf } from '#shared/base/message-of.ts'
import type { ManifestFile } from '#shared/contract/app.ts'

/** As much as the editor takes, bytes. */
const mostBytes = 4_000_000

/** Reads manifests for the editor, with a line for each file that cannot be read. */
export async function readManifestFiles(
  paths: readonly string[],
): Promise<{ manifests: ManifestFile[]; problems: string[] }> {
  const read = await Promise.allSettled(paths.map(readManifest))
  return {
    manifests: read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    problems: read.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : [])),
  }
}

async function readManifest(path: string): Promise<ManifestFile> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > mostBytes) throw new Error(`${path} has ${size} bytes; the editor takes ${mostBytes}`)
    return { name: basename(path), text: await file.readFile('utf8') }
  } finally {
    await file.close()
  }
}
