import type { Stats } from 'node:fs'
import { openBeneath, openFolderAnd, UnsafePath, type OpenedPath } from './safe-path.ts'

/** The path of a hostPath volume or a local volume is missing or of the wrong type. */
export class HostPathRefused extends Error {}

/**
 * Opens a path of this worker, creating it first where its type says so: the mounted file is the checked one. Links are
 * followed only where root alone can have created them (`/var/run`), and nothing is created through a link.
 * The path of a PersistentVolume, which only administrators choose, may lead through root's links in /tmp, too (`owned`).
 * @param type as in a hostPath volume; `''` creates a missing folder, as container runtimes do
 */
export async function openHostPath(
  path: string,
  type: string,
  { links = 'trusted' }: { links?: 'trusted' | 'owned' } = {},
): Promise<OpenedPath> {
  let opened: OpenedPath
  try {
    opened = await openFolderAnd('/', (root) => openBeneath(root, path, { links, rootNames: ['/'], ...creation(type) }))
  } catch (error) {
    if (error instanceof UnsafePath) throw new HostPathRefused(`hostPath ${path} ${error.message}`)
    throw new HostPathRefused(`hostPath type check failed: ${path} is not ${nameOf[type] ?? 'there'}`)
  }
  if (isOfType(opened.stats, type)) return opened
  await opened.handle.close()
  throw new HostPathRefused(`hostPath type check failed: ${path} is not ${nameOf[type] ?? 'there'}`)
}

function creation(type: string): { create?: { last: 'directory' | 'file'; mode: number; parents: boolean } } {
  if (type === '' || type === 'DirectoryOrCreate') return { create: { last: 'directory', mode: 0o755, parents: true } }
  // The parent folder of a FileOrCreate must exist (Kubernetes' documentation of hostPath).
  if (type === 'FileOrCreate') return { create: { last: 'file', mode: 0o644, parents: false } }
  return {}
}

const nameOf: Record<string, string> = {
  Directory: 'a directory',
  DirectoryOrCreate: 'a directory',
  File: 'a file',
  FileOrCreate: 'a file',
  Socket: 'a socket file',
  CharDevice: 'a character device',
  BlockDevice: 'a block device',
}

function isOfType(stats: Stats, type: string): boolean {
  switch (type) {
    case 'Directory':
    case 'DirectoryOrCreate':
      return stats.isDirectory()
    case 'File':
    case 'FileOrCreate':
      return stats.isFile()
    case 'Socket':
      return stats.isSocket()
    case 'CharDevice':
      return stats.isCharacterDevice()
    case 'BlockDevice':
      return stats.isBlockDevice()
    default:
      return true
  }
}
