import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import type { EvictionSignal } from '#shared/kube/kubelet/settings.ts'
import type { Cgroups } from '../stats/cgroup.ts'
import { readMachine } from '../stats/machine.ts'
import { engineRoot } from '../stats/storage.ts'

/** What is left of something the node can run short of: bytes, inodes, process ids. */
export interface Observation {
  available: number
  capacity: number
}

export type Observations = ReadonlyMap<EvictionSignal, Observation>

/** Measures everything that thresholds may be set on. Costs a few system calls. */
export interface SignalReader {
  read(): Promise<Observations>
}

export function createSignalReader({
  root,
  memoryLimit,
  cgroups,
}: {
  /** `/var/lib/kubelet` */
  root: string
  /** The limit of this worker; unset when it may use all of its machine's memory. */
  memoryLimit(): number | undefined
  cgroups: Pick<Cgroups, 'usage'>
}): SignalReader {
  return {
    async read() {
      const [nodefs, imagefs] = await Promise.all([filesystem(root), filesystem(engineRoot)])
      const { pids } = readMachine()
      return new Map<EvictionSignal, Observation>([
        ['memory.available', memoryOf(memoryLimit(), cgroups)],
        ...(nodefs ? [['nodefs.available', nodefs.bytes] as const, ['nodefs.inodesFree', nodefs.inodes] as const] : []),
        ...(imagefs
          ? [['imagefs.available', imagefs.bytes] as const, ['imagefs.inodesFree', imagefs.inodes] as const]
          : []),
        ['pid.available', { available: pids.most - pids.current, capacity: pids.most }],
      ])
    },
  }
}

/** Without a limit of its own, a worker may use what its machine has left. */
function memoryOf(limit: number | undefined, cgroups: Pick<Cgroups, 'usage'>): Observation {
  const left = machineMemory()
  const used = limit === undefined ? undefined : cgroups.usage('/')?.memory.workingSet
  if (limit === undefined || used === undefined) return { available: left, capacity: totalmem() }
  return { available: Math.max(0, Math.min(left, limit - used)), capacity: limit }
}

function machineMemory(): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return available ? Number(available) * 1_024 : totalmem()
}

/** Some filesystems (btrfs) have no fixed number of inodes: both are 0, and never short. */
async function filesystem(path: string): Promise<{ bytes: Observation; inodes: Observation } | undefined> {
  try {
    const { blocks, bavail, bsize, files, ffree } = await statfs(path)
    return {
      bytes: { available: bavail * bsize, capacity: blocks * bsize },
      inodes: { available: ffree, capacity: files },
    }
  } catch {
    return undefined
  }
}
