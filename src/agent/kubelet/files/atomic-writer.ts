import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface VolumeFile {
  /** Relative to the volume. */
  path: string
  content: Buffer
  /** The volume's default mode when unset. */
  mode?: number
  /** Owner, root when unset. */
  uid?: number
}

/**
 * Replaces the files atomically: a new folder, a link `..data` that is switched to it, and a link per file that leads
 * through `..data` (programs that watch ConfigMaps rely on it). Unchanged files are not written. Pods mount these
 * volumes read-only, so none can change the paths used here.
 * @param fsGroup group of the pod's volumes: files become readable to it and folders setgid (kubelet: volume_linux.go)
 * @throws Error for a path that leaves the volume
 */
export async function writeAtomically(
  folder: string,
  files: readonly VolumeFile[],
  { defaultMode, fsGroup }: { defaultMode: number; fsGroup: number | undefined },
): Promise<void> {
  for (const { path } of files) checkPath(path)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const folderMode = fsGroup === undefined ? 0o755 : 0o2755
  const wanted = files.map((file) => {
    const mode = file.mode ?? defaultMode
    return { ...file, mode: fsGroup === undefined ? mode : mode | 0o440 }
  })
  if (await holds(join(folder, '..data'), wanted)) return
  const old = await readlink(join(folder, '..data')).catch(() => undefined)
  const next = await mkdtemp(join(folder, `..${new Date().toISOString().slice(0, 19).replace(/[-T:]/g, '_')}.`))
  for (const made of [folder, next]) await own(made, folderMode, fsGroup)
  for (const { path, content, mode, uid } of wanted) {
    const file = join(next, path)
    const first = await mkdir(dirname(file), { recursive: true, mode: 0o755 })
    for (let made = dirname(file); first && made.startsWith(first); made = dirname(made))
      await own(made, folderMode, fsGroup)
    await writeFile(file, content, { mode: 0o600 })
    await own(file, mode, fsGroup, uid)
  }
  await rm(join(folder, '..data_tmp'), { force: true })
  await symlink(basename(next), join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? ''))
  for (const top of tops) await symlink(join('..data', top), join(folder, top)).catch(ignoreExisting)
  for (const name of await readdir(folder))
    if (!name.startsWith('..') && !tops.has(name) && (await lstat(join(folder, name))).isSymbolicLink())
      await rm(join(folder, name))
  if (old) await rm(join(folder, old), { recursive: true, force: true })
}

/** As the kubelet's own writer (atomic_writer.go, validatePath); the API server rejects such items earlier. */
function checkPath(path: string): void {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/') || parts.includes('..') || path.startsWith('..'))
    throw new Error(`invalid path: "${path}" must be relative, contain no '..' and not start with '..'`)
}

/** Group before mode: changing the group clears setgid. */
async function own(path: string, mode: number, fsGroup: number | undefined, uid?: number): Promise<void> {
  if (fsGroup !== undefined || uid !== undefined) await chown(path, uid ?? -1, fsGroup ?? -1)
  await chmod(path, mode)
}

/** Whether a folder contains exactly these files. */
async function holds(folder: string, files: readonly (VolumeFile & { mode: number })[]): Promise<boolean> {
  try {
    const entries = await readdir(await realpath(folder), { recursive: true, withFileTypes: true })
    if (entries.filter((entry) => entry.isFile()).length !== files.length) return false
    for (const { path, content, mode } of files) {
      const file = join(folder, path)
      if (((await stat(file)).mode & 0o7777) !== mode || !(await readFile(file)).equals(content)) return false
    }
    return true
  } catch {
    return false
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
