import { constants, type Stats } from 'node:fs'
import { open, mkdir, readlink, type FileHandle } from 'node:fs/promises'

/**
 * Opens paths that a pod can change during the walk. Each component is opened relative to the descriptor of its parent
 * and never through a symbolic link, so that swapping a directory with a link between two steps may change the result,
 * but never leads outside the root. Links are read and walked here, under a rule that the caller chooses. The kubelet
 * does the same since CVE-2017-1002101 and CVE-2021-25741 (pkg/volume/util/subpath).
 *
 * Node has no openat(2): `/proc/self/fd/<dirfd>/<name>` is the kernel's own equivalent.
 */
export async function openBeneath(root: FileHandle, path: string, options: WalkOptions): Promise<OpenedPath> {
  const walk: Walk = { root, stack: [], pending: componentsOf(path, false), links: 0, options }
  try {
    for (let next = walk.pending.shift(); next; next = walk.pending.shift()) await step(walk, next)
    const last = walk.stack.pop()
    const handle = last?.handle ?? (await open(descriptorPath(root), O_PATH))
    const names = [...walk.stack, ...(last ? [last] : [])].map(({ name }) => name)
    return { handle, stats: await handle.stat(), names }
  } finally {
    await Promise.all(walk.stack.map(({ handle }) => handle.close()))
  }
}

export interface WalkOptions {
  /**
   * `none`: links are refused. `beneath`: links are followed as long as they stay beneath the root. `trusted`: the
   * same, but only links that root alone can have created (owner root, in a directory that root alone can write to).
   * `owned`: root's links in sticky directories of root's (/tmp) too, where others cannot replace them.
   */
  links: 'none' | 'beneath' | 'trusted' | 'owned'
  /** Absolute paths of the root: an absolute link that begins with one of them stays beneath the root. */
  rootNames?: readonly string[]
  /** Creates what is missing. Components that come from a link are never created: a dangling link stays dangling. */
  create?: {
    last: 'directory' | 'file'
    /** Mode of everything created, whatever the umask. */
    mode: number
    /** Whether missing parents are created too. */
    parents: boolean
  }
}

export interface OpenedPath {
  /** O_PATH descriptor: for stat, `reopen` and mounts. The caller closes it. */
  handle: FileHandle
  stats: Stats
  /** Components beneath the root after links are resolved. */
  names: string[]
}

/** The path is refused; the reason discloses nothing outside the root. */
export class UnsafePath extends Error {}

/** A path to an open descriptor: of this process, or of process `pid` as seen by other programs. */
export const descriptorPath = ({ fd }: FileHandle, pid: number | 'self' = 'self'): string => `/proc/${pid}/fd/${fd}`

/** Opens a folder whose own path no pod can change. @throws Error ENOTDIR, ELOOP, ENOENT */
export const openRoot = (path: string): Promise<FileHandle> => open(path, O_PATH | O_NOFOLLOW | constants.O_DIRECTORY)

/** Opens the file of an O_PATH descriptor for reading; a FIFO does not block. */
export const reopen = (handle: FileHandle): Promise<FileHandle> =>
  open(descriptorPath(handle), constants.O_RDONLY | constants.O_NONBLOCK)

/**
 * The last `limit` bytes of a regular file beneath `root`; no more is read, however large it is.
 * @returns undefined when it is missing or anything but a regular file (link, FIFO, device, directory)
 */
export async function readTail(root: string, path: string, limit: number): Promise<Buffer | undefined> {
  const opened = await openFolderAnd(root, (folder) => openBeneath(folder, path, { links: 'none' })).catch(
    () => undefined,
  )
  if (!opened) return undefined
  try {
    if (!opened.stats.isFile()) return undefined
    const file = await reopen(opened.handle)
    try {
      const { size } = await file.stat()
      const buffer = Buffer.alloc(Math.min(limit, size))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } finally {
    await opened.handle.close()
  }
}

/** Runs `use` with the folder open. */
export async function openFolderAnd<T>(path: string, use: (folder: FileHandle) => Promise<T>): Promise<T> {
  const folder = await openRoot(path)
  try {
    return await use(folder)
  } finally {
    await folder.close()
  }
}

/** Not in Node's constants; the same on every architecture that Linux workers run on. */
export const O_PATH = 0o10000000
const { O_NOFOLLOW } = constants
/** The kernel's own limit (MAXSYMLINKS). */
const mostLinks = 40
/** Retries while a pod keeps swapping a component. */
const mostRetries = 20

interface Component {
  name: string
  /** Whether it comes from a link's text. */
  linked: boolean
  retries: number
}

interface Walk {
  root: FileHandle
  /**
   * The folders entered beneath the root; `..` returns to the one that the walk came from, even if it has moved since.
   */
  stack: { name: string; handle: FileHandle }[]
  pending: Component[]
  links: number
  options: WalkOptions
}

const componentsOf = (path: string, linked: boolean): Component[] =>
  path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .map((name) => ({ name, linked, retries: 0 }))

async function step(walk: Walk, component: Component): Promise<void> {
  if (component.name === '..') {
    const left = walk.stack.pop()
    if (!left) throw new UnsafePath('is not within volume path')
    return left.handle.close()
  }
  const parent = walk.stack.at(-1)?.handle ?? walk.root
  const at = `${descriptorPath(parent)}/${component.name}`
  const handle = await openOrCreate(at, component, walk)
  try {
    if ((await handle.stat()).isSymbolicLink()) await follow(walk, at, parent, handle, component)
    else {
      walk.stack.push({ name: component.name, handle })
      return
    }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
}

async function openOrCreate(at: string, component: Component, { options, pending }: Walk): Promise<FileHandle> {
  try {
    return await open(at, O_PATH | O_NOFOLLOW)
  } catch (error) {
    const { create } = options
    const isLast = pending.length === 0
    if (codeOf(error) !== 'ENOENT' || !create || component.linked || (!isLast && !create.parents)) throw error
    if (isLast && create.last === 'file') await createFile(at, create.mode)
    else await createFolder(at, create.mode)
    return open(at, O_PATH | O_NOFOLLOW)
  }
}

/** Another process may create it at the same time: then it is opened. */
async function createFolder(at: string, mode: number): Promise<void> {
  try {
    await mkdir(at, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    throw error
  }
  const made = await open(at, constants.O_RDONLY | constants.O_DIRECTORY | O_NOFOLLOW)
  try {
    await made.chmod(mode)
  } finally {
    await made.close()
  }
}

async function createFile(at: string, mode: number): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants
  const made = await open(at, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
    return undefined
  })
  try {
    await made?.chmod(mode)
  } finally {
    await made?.close()
  }
}

/** Puts the components of the link's text before the remaining ones. */
async function follow(
  walk: Walk,
  at: string,
  parent: FileHandle,
  link: FileHandle,
  { name, linked, retries }: Component,
): Promise<void> {
  const { links, rootNames = [] } = walk.options
  if (links === 'none' || ++walk.links > mostLinks) throw new UnsafePath('leads through a symbolic link')
  if ((links === 'trusted' || links === 'owned') && !isRoots(await parent.stat(), await link.stat(), links))
    throw new UnsafePath('leads through a symbolic link that a pod may have made')
  let target: string
  try {
    // The link may have been replaced: its current text is walked under the same rule.
    target = await readlink(at)
  } catch (error) {
    // No longer a link: it was swapped.
    if ((codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOENT') || retries >= mostRetries) throw error
    walk.pending.unshift({ name, linked, retries: retries + 1 })
    return
  }
  if (!target.startsWith('/')) {
    walk.pending.unshift(...componentsOf(target, true))
    return
  }
  const rootName = rootNames.find((each) => isBeneath(target, each))
  if (rootName === undefined) throw new UnsafePath('is not within volume path')
  await Promise.all(walk.stack.splice(0).map(({ handle }) => handle.close()))
  walk.pending.unshift(...componentsOf(target.slice(rootName.length), true))
}

/** In a sticky folder only root replaces root's link (the kernel's rule of protected_symlinks). */
const isRoots = (folder: Stats, link: Stats, allowed: 'trusted' | 'owned'): boolean =>
  folder.uid === 0 &&
  link.uid === 0 &&
  ((folder.mode & 0o022) === 0 || (allowed === 'owned' && (folder.mode & 0o1000) !== 0))

/** Whether `path` is `root` or begins with it, component by component; both absolute, as text. */
export const isBeneath = (path: string, root: string): boolean =>
  root === '/' ? path.startsWith('/') : path === root || path.startsWith(`${root}/`)

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code
