import { execFile } from 'node:child_process'
import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { descriptorPath, isBeneath, type OpenedPath } from './safe-path.ts'

/** The mounts of this worker. All targets lie in folders that no pod can change. */
export interface Mounts {
  tmpfs(target: string, options: string): Promise<void>
  hugePages(target: string, options: string): Promise<void>
  /**
   * Mounts what the descriptor `source` refers to, whatever is at its path now; `recursive` includes the mounts beneath
   * it.
   */
  bind(source: OpenedPath, target: string, options: { recursive: boolean }): Promise<void>
  /** Mounts folders over one another, read-only. @param layers the topmost first; none of them a pod's */
  overlay(layers: readonly string[], target: string): Promise<void>
  /** Mounts an NFS export by the kernel alone. @throws Error with the reason of mount(8) */
  nfs(source: string, target: string, options: string): Promise<void>
  /** Mount points at and beneath `folder`. */
  beneath(folder: string): Promise<string[]>
  /**
   * Detaches everything at and beneath `folder`. @throws Error when something stays mounted; nothing there may be
   * removed then
   */
  unmountAll(folder: string): Promise<void>
}

export const systemMounts: Mounts = {
  async tmpfs(target, options) {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', target])
  },
  async hugePages(target, options) {
    await run('mount', ['-t', 'hugetlbfs', '-o', options, 'hugetlbfs', target])
  },
  async bind({ handle }, target, { recursive }) {
    const kind = recursive ? '--rbind' : '--bind'
    // Through our own process id, since the descriptor is not inherited. Canonicalizing would turn it into a path
    // again.
    await run('mount', ['--no-canonicalize', kind, descriptorPath(handle, process.pid), target])
  },
  async overlay(layers, target) {
    // The newer system call takes no more than 256 characters of options.
    const env = { ...process.env, LIBMOUNT_FORCE_MOUNT2: 'always' }
    const options = `ro,nodev,nosuid,noexec,lowerdir=${layers.join(':')}`
    await run('mount', ['-t', 'overlay', '-o', options, 'overlay', target], { env })
  },
  async nfs(source, target, options) {
    // In time for the pod's event: the kernel itself waits minutes for a server that does not answer.
    await run('mount', ['-i', '-t', 'nfs', '-o', options, source, target], { timeout: 20_000 })
  },
  beneath: async (folder) =>
    mountPoints(await readFile('/proc/self/mountinfo', 'utf8')).filter((path) => isBeneath(path, folder)),
  async unmountAll(folder) {
    for (let tries = 0; ; tries++) {
      const mounted = await this.beneath(folder)
      if (mounted.length === 0) return
      if (tries === mostTries) throw new Error(`still mounted: ${mounted.join(', ')}`)
      const tops = [...new Set(mounted)].filter(
        (path) => !mounted.some((other) => other !== path && isBeneath(path, other)),
      )
      await run('sh', ['-c', detach, 'sh', ...tops])
    }
  },
}

/**
 * Made private first: a recursive bind shares its mounts with the originals, which unmounting the copies would unmount
 * too.
 */
const detach = 'for path; do mount --make-rprivate "$path"; umount --no-canonicalize -l "$path"; done'
/** Attempts to unmount: mounts may be stacked. */
const mostTries = 10

/**
 * Binds an open file or folder to `target`, which is created as needed. An existing bind of the same file stays;
 * another one is replaced (a restarted container gets the current contents of the volume).
 */
export async function bindTo(
  mounts: Mounts,
  source: OpenedPath,
  target: string,
  options: { recursive: boolean },
): Promise<void> {
  const present = await lstat(target).catch(() => undefined)
  if (present && present.dev === source.stats.dev && present.ino === source.stats.ino) return
  if (present) {
    await mounts.unmountAll(target)
    // Not recursive: the target is an empty folder or file of ours, or missing.
    await removeTarget(target)
  }
  await mkdir(dirname(target), { recursive: true, mode: 0o750 })
  if (source.stats.isDirectory()) await mkdir(target, { mode: 0o750 })
  else await writeFile(target, '', { flag: 'wx', mode: 0o640 })
  await mounts.bind(source, target, options)
}

async function removeTarget(target: string): Promise<void> {
  const own = await lstat(target)
  if (own.isDirectory()) await run('rmdir', ['--', target])
  else await rm(target)
}

/** Mounts the tmpfs for Secrets and tokens, once in a worker's life. */
export async function ensureMemory(mounts: Mounts, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await mounts.beneath(folder)).includes(folder)) return
  // Kernels before 6.4 do not support noswap.
  await mounts.tmpfs(folder, 'mode=0700,noswap').catch(() => mounts.tmpfs(folder, 'mode=0700'))
}

/** Mount points of a mountinfo file (proc(5)): the fifth field, with spaces and backslashes escaped in octal. */
export const mountPoints = (mountinfo: string): string[] =>
  mountinfo
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )

/**
 * Removes trees whose depth and content pods control. coreutils' rm opens every folder relative to its parent and follows
 * no link; it stays on the file system of each path. In one process: its start holds up the event loop for milliseconds.
 */
export async function removeTrees(...paths: string[]): Promise<void> {
  await run('rm', ['-rf', '--one-file-system', '--', ...paths])
}

const run = promisify(execFile)
