import { chmod, lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Creates `dir` if it is missing, and removes other users' access to it and its contents: folders get mode 0700, files
 * lose the permissions of group and others. It holds keys, store and kubeconfig. Links are not followed.
 */
export async function ensurePrivateFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const names = await readdir(dir)
  await Promise.all(names.map((name) => restrictToOwner(join(dir, name))))
}

async function restrictToOwner(path: string): Promise<void> {
  try {
    const stats = await lstat(path)
    if (stats.isDirectory()) await ensurePrivateFolder(path)
    else if (stats.isFile() && (stats.mode & 0o077) !== 0) await chmod(path, stats.mode & 0o700)
  } catch (error) {
    // Files may be deleted meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
