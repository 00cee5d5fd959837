import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a control group has used. Bytes, and nanoseconds of CPU time since the group was made. */
export interface CgroupUsage {
  cpuNanos: number
  memory: {
    usage: number
    /** Usage without inactive page cache. */
    workingSet: number
    rss: number
    pageFaults: number
    majorPageFaults: number
  }
  swap: number
  /** Tasks, threads included. */
  tasks: number
}

/** The rest of what cAdvisor shows of a group. Bytes, nanoseconds, counts; a limit of 0 is none. */
export interface CgroupDetails {
  cpu: { userNanos: number; systemNanos: number; periods: number; throttledPeriods: number; throttledNanos: number }
  cpuLimits: { shares: number; quota: number; period: number }
  memory: { cache: number; mappedFile: number; kernel: number; max: number; failures: number; oomEvents: number }
  memoryLimits: { memory: number; reservation: number; swap: number }
  processes: number
  mostTasks: number
  io: DeviceIo[]
}

export interface DeviceIo {
  /** `major:minor` */
  device: string
  readBytes: number
  writtenBytes: number
  reads: number
  writes: number
}

/** Reads control groups; undefined for a group that does not exist or lacks CPU or memory accounting. */
export interface Cgroups {
  /** @param path below the root of the hierarchy, `/` for this worker as a whole */
  usage(path: string): CgroupUsage | undefined
  details(path: string): CgroupDetails | undefined
}

/** The hierarchies at `root`, version 2 where it is mounted there, else version 1. */
export function createCgroups({ root = '/sys/fs/cgroup' }: { root?: string } = {}): Cgroups {
  const read = (...parts: string[]): string | undefined => {
    try {
      return readFileSync(join(root, ...parts), 'utf8')
    } catch {
      return undefined
    }
  }
  return existsSync(join(root, 'cgroup.controllers')) ? version2(read) : version1(read)
}

type Read = (...parts: string[]) => string | undefined

function version1(read: Read): Cgroups {
  return {
    usage(path) {
      const cpu = read('cpuacct', path, 'cpuacct.usage')
      const used = read('memory', path, 'memory.usage_in_bytes')
      if (cpu === undefined || used === undefined) return undefined
      const stat = read('memory', path, 'memory.stat')
      const usage = whole(used)
      return {
        cpuNanos: whole(cpu),
        memory: {
          usage,
          workingSet: Math.max(0, usage - field(stat, 'total_inactive_file')),
          rss: field(stat, 'total_rss'),
          pageFaults: field(stat, 'total_pgfault'),
          majorPageFaults: field(stat, 'total_pgmajfault'),
        },
        swap: field(stat, 'total_swap'),
        tasks: whole(read('pids', path, 'pids.current')),
      }
    },
    details(path) {
      const cpuStat = fields(read('cpu', path, 'cpu.stat'))
      const stat = fields(read('memory', path, 'memory.stat'))
      const processes = read('memory', path, 'cgroup.procs')
      if (processes === undefined) return undefined
      const memory = (name: string): number => whole(read('memory', path, `memory.${name}`))
      return {
        cpu: {
          userNanos: whole(read('cpuacct', path, 'cpuacct.usage_user')),
          systemNanos: whole(read('cpuacct', path, 'cpuacct.usage_sys')),
          periods: cpuStat.get('nr_periods') ?? 0,
          throttledPeriods: cpuStat.get('nr_throttled') ?? 0,
          throttledNanos: cpuStat.get('throttled_time') ?? 0,
        },
        cpuLimits: {
          shares: whole(read('cpu', path, 'cpu.shares')),
          quota: Math.max(0, whole(read('cpu', path, 'cpu.cfs_quota_us'))),
          period: whole(read('cpu', path, 'cpu.cfs_period_us')),
        },
        memory: {
          cache: stat.get('total_cache') ?? 0,
          mappedFile: stat.get('total_mapped_file') ?? 0,
          kernel: memory('kmem.usage_in_bytes'),
          max: memory('max_usage_in_bytes'),
          failures: memory('failcnt'),
          oomEvents: fields(read('memory', path, 'memory.oom_control')).get('oom_kill') ?? 0,
        },
        memoryLimits: {
          memory: limit(read('memory', path, 'memory.limit_in_bytes')),
          reservation: limit(read('memory', path, 'memory.soft_limit_in_bytes')),
          swap: limit(read('memory', path, 'memory.memsw.limit_in_bytes')),
        },
        processes: lineCount(processes),
        mostTasks: limit(read('pids', path, 'pids.max')),
        io: ioOfVersion1(
          read('blkio', path, 'blkio.throttle.io_service_bytes_recursive'),
          read('blkio', path, 'blkio.throttle.io_serviced_recursive'),
        ),
      }
    },
  }
}

function version2(read: Read): Cgroups {
  return {
    usage(path) {
      const cpu = fields(read(path, 'cpu.stat')).get('usage_usec')
      const used = read(path, 'memory.current')
      if (cpu === undefined || used === undefined) return undefined
      const stat = read(path, 'memory.stat')
      const usage = whole(used)
      return {
        cpuNanos: cpu * 1_000,
        memory: {
          usage,
          workingSet: Math.max(0, usage - field(stat, 'inactive_file')),
          rss: field(stat, 'anon'),
          pageFaults: field(stat, 'pgfault'),
          majorPageFaults: field(stat, 'pgmajfault'),
        },
        swap: whole(read(path, 'memory.swap.current')),
        tasks: whole(read(path, 'pids.current')),
      }
    },
    details(path) {
      const cpu = fields(read(path, 'cpu.stat'))
      const stat = fields(read(path, 'memory.stat'))
      const events = fields(read(path, 'memory.events'))
      const processes = read(path, 'cgroup.procs')
      if (processes === undefined) return undefined
      const [quota = '', period = ''] = (read(path, 'cpu.max') ?? 'max 100000').trim().split(' ')
      return {
        cpu: {
          userNanos: (cpu.get('user_usec') ?? 0) * 1_000,
          systemNanos: (cpu.get('system_usec') ?? 0) * 1_000,
          periods: cpu.get('nr_periods') ?? 0,
          throttledPeriods: cpu.get('nr_throttled') ?? 0,
          throttledNanos: (cpu.get('throttled_usec') ?? 0) * 1_000,
        },
        cpuLimits: {
          shares: sharesOfWeight(whole(read(path, 'cpu.weight'))),
          quota: limit(quota),
          period: whole(period),
        },
        memory: {
          cache: stat.get('file') ?? 0,
          mappedFile: stat.get('file_mapped') ?? 0,
          kernel: stat.get('kernel') ?? 0,
          max: whole(read(path, 'memory.peak')),
          failures: events.get('max') ?? 0,
          oomEvents: events.get('oom_kill') ?? 0,
        },
        memoryLimits: {
          memory: limit(read(path, 'memory.max')),
          reservation: limit(read(path, 'memory.low')),
          swap: limit(read(path, 'memory.swap.max')),
        },
        processes: lineCount(processes),
        mostTasks: limit(read(path, 'pids.max')),
        io: ioOfVersion2(read(path, 'io.stat')),
      }
    },
  }
}

/** Lines of a name and a number. */
function fields(text: string | undefined): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of text?.split('\n') ?? []) {
    const space = line.indexOf(' ')
    if (space > 0) found.set(line.slice(0, space), whole(line.slice(space + 1)))
  }
  return found
}

/** One of such lines, without an entry for each of the others: this is asked for every container every ten seconds. */
function field(text: string | undefined, name: string): number {
  if (text === undefined) return 0
  const isFirst = text.startsWith(`${name} `)
  const before = isFirst ? -1 : text.indexOf(`\n${name} `)
  if (before < 0 && !isFirst) return 0
  const end = text.indexOf('\n', before + 1)
  return whole(text.slice(before + 1 + name.length, end < 0 ? undefined : end))
}

/** A number of the kernel; 0 for what is missing or no number (`max`). */
function whole(text: string | undefined): number {
  const value = Number(text?.trim() || 0)
  return Number.isFinite(value) ? value : 0
}

/** Version 1 writes the largest page-aligned integer for «none», version 2 `max`. */
function limit(text: string | undefined): number {
  const value = whole(text)
  return value >= 2 ** 62 ? 0 : value
}

const lineCount = (text: string): number => text.split('\n').filter(Boolean).length

/** The inverse of how crun and runc translate CPU shares (2 to 262144) to a weight (1 to 10000). */
const sharesOfWeight = (weight: number): number => (weight === 0 ? 0 : Math.round(2 + ((weight - 1) * 262_142) / 9_999))

const noIo = (device: string): DeviceIo => ({ device, readBytes: 0, writtenBytes: 0, reads: 0, writes: 0 })

/** Lines such as `8:0 Read 4096`. */
function ioOfVersion1(bytes: string | undefined, operations: string | undefined): DeviceIo[] {
  const devices = new Map<string, DeviceIo>()
  const take = (text: string | undefined, read: 'readBytes' | 'reads', write: 'writtenBytes' | 'writes'): void => {
    for (const line of text?.split('\n') ?? []) {
      const [device = '', operation, value] = line.split(' ')
      if (operation !== 'Read' && operation !== 'Write') continue
      const io = devices.get(device) ?? noIo(device)
      devices.set(device, io)
      io[operation === 'Read' ? read : write] = whole(value)
    }
  }
  take(bytes, 'readBytes', 'writtenBytes')
  take(operations, 'reads', 'writes')
  return [...devices.values()]
}

/** Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
function ioOfVersion2(text: string | undefined): DeviceIo[] {
  return (text?.split('\n') ?? []).filter(Boolean).map((line) => {
    const [device = '', ...pairs] = line.split(' ')
    const values = new Map(
      pairs.map((pair) => {
        const [name = '', value] = pair.split('=')
        return [name, whole(value)] as const
      }),
    )
    return {
      device,
      readBytes: values.get('rbytes') ?? 0,
      writtenBytes: values.get('wbytes') ?? 0,
      reads: values.get('rios') ?? 0,
      writes: values.get('wios') ?? 0,
    }
  })
}
