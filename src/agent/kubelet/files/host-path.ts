import type { Stats } from 'node:fs'
import { openBeneath, openFolderAnd, UnsafePath, type OpenedPath } from './safe-path.ts'

/** What a hostPath volume or a volume of this node names is not there, or is not what was asked for. */
export class HostPathRefused extends Error {}

/**
 * Opens a path of this worker, and makes it first where its type says so: what is checked is what is mounted. Links are
 * followed where root alone can have made them (`/var/run`), and nothing is ever made through one.
 * @param type as in a hostPath volume; `''` makes a folder where nothing is, as container runtimes do
 */
export async function openHostPath(path: string, type: string): Promise<OpenedPath> {
  let opened: OpenedPath
  try {
    opened = await openFolderAnd('/', (root) =>
      openBeneath(root, path, { links: 'trusted', rootNames: ['/'], ...creation(type) }),
    )
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
  // The folder of a FileOrCreate must be there (Kubernetes' documentation of hostPath).
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
