import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { messageOf } from '#shared/base/message-of.ts'
import type { GroupSettings } from './settings.ts'

/** Makes and limits control groups, of either version. Paths are below the root of the hierarchy. */
export interface Hierarchy {
  /** Makes a group and those above it, where they are missing. */
  make(path: string): Promise<void>
  /** @throws Error when the kernel refuses: a limit below what is in use, for one */
  apply(path: string, settings: GroupSettings): Promise<void>
  applyShares(path: string, shares: number): Promise<void>
  /** Names of the groups in a group. */
  children(path: string): Promise<string[]>
  /** @throws Error while processes are in it */
  remove(path: string): Promise<void>
}

/** The hierarchies at `root`, version 2 where it is mounted there, else version 1. */
export const createHierarchy = ({ root = '/sys/fs/cgroup' }: { root?: string } = {}): Hierarchy =>
  existsSync(join(root, 'cgroup.controllers')) ? version2(root) : version1(root)

/** What a pod is limited by. The engine makes the group in the other hierarchies. */
const controllers = ['cpu', 'memory', 'pids', 'hugetlb', 'cpuacct']

function version1(root: string): Hierarchy {
  const write = (controller: string, path: string, file: string, value: number): Promise<void> =>
    set(join(root, controller, path, file), String(value))
  const mounted = async (): Promise<string[]> =>
    (await readdir(root)).filter((name) => existsSync(join(root, name, 'cgroup.procs')))
  return {
    async make(path) {
      const here = controllers.filter((name) => existsSync(join(root, name)))
      await Promise.all(here.map((name) => mkdir(join(root, name, path), { recursive: true })))
    },
    async apply(path, { cpuShares, cpuQuota, memoryBytes, hugePages }) {
      await write('cpu', path, 'cpu.shares', cpuShares)
      await write('cpu', path, 'cpu.cfs_period_us', period)
      await write('cpu', path, 'cpu.cfs_quota_us', cpuQuota || -1)
      await write('memory', path, 'memory.limit_in_bytes', memoryBytes || -1)
      await limitHugePages(join(root, 'hugetlb', path), 'limit_in_bytes', hugePages)
    },
    applyShares: (path, shares) => write('cpu', path, 'cpu.shares', shares),
    children: (path) => foldersIn(join(root, 'memory', path)),
    async remove(path) {
      for (const name of await mounted()) await removeGroup(join(root, name, path))
    },
  }
}

function version2(root: string): Hierarchy {
  const write = (path: string, file: string, value: string): Promise<void> => set(join(root, path, file), value)
  /** One controller that cannot be passed on must not keep the others back. */
  const passOn = (path: string): Promise<unknown> =>
    Promise.all(
      ['cpu', 'memory', 'pids', 'hugetlb', 'cpuset', 'io'].map((name) =>
        write(path, 'cgroup.subtree_control', `+${name}`).catch(() => undefined),
      ),
    )
  return {
    async make(path) {
      const names = path.split('/').filter(Boolean)
      for (const depth of names.keys()) {
        const group = names.slice(0, depth + 1).join('/')
        await mkdir(join(root, group), { recursive: true })
        await passOn(group)
      }
    },
    async apply(path, { cpuShares, cpuQuota, memoryBytes, hugePages }) {
      await write(path, 'cpu.weight', String(weightOf(cpuShares)))
      await write(path, 'cpu.max', `${cpuQuota || 'max'} ${period}`)
      await write(path, 'memory.max', memoryBytes ? String(memoryBytes) : 'max')
      await limitHugePages(join(root, path), 'max', hugePages)
    },
    applyShares: (path, shares) => write(path, 'cpu.weight', String(weightOf(shares))),
    children: (path) => foldersIn(join(root, path)),
    remove: (path) => removeGroup(join(root, path)),
  }
}

/** Microseconds. */
const period = 100_000

/** As crun and runc translate CPU shares (2 to 262144) to a weight (1 to 10000). */
const weightOf = (shares: number): number => 1 + Math.floor(((shares - 2) * 9_999) / 262_142)

/** What this kernel does not have is left out. The kernel refuses some values that are in effect already. */
async function set(file: string, value: string): Promise<void> {
  try {
    await writeFile(file, value, { flag: 'r+' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    const has = (await readFile(file, 'utf8').catch(() => '')).trim()
    if (has !== value) throw new Error(`${basename(file)}: ${value} is refused: ${messageOf(error)}`, { cause: error })
  }
}

/** Of every size that this kernel has: a size without a limit of the pod's is not to be used. */
async function limitHugePages(folder: string, suffix: string, limits: GroupSettings['hugePages']): Promise<void> {
  const files = await readdir(folder).catch((): string[] => [])
  for (const file of files) {
    const [, amount, unit = ''] = /^hugetlb\.(\d+)(KB|MB|GB)\.(\w+)$/.exec(file) ?? []
    if (amount === undefined || !file.endsWith(`B.${suffix}`)) continue
    await set(join(folder, file), String(limits.get(Number(amount) * (bytesOf[unit] ?? 1)) ?? 0))
  }
}

const bytesOf: Readonly<Record<string, number>> = { KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 }

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function removeGroup(folder: string): Promise<void> {
  for (const name of await foldersIn(folder)) await removeGroup(join(folder, name))
  try {
    await rmdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
