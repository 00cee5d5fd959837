import { readFileSync } from 'node:fs'
import { release } from 'node:os'

/** Facts about this worker and its machine from `/proc`; 0 for what cannot be read. */
export interface Machine {
  /** When the worker started, ms since the epoch. */
  startedAt: number
  swapBytes: number
  pids: { most: number; current: number }
  kernel: string
}

/** Unit of process times in `/proc`: USER_HZ, which is 100 on every architecture that Node runs on. */
const tickMs = 10

export function readMachine(read: (path: string) => string = readText): Machine {
  const number = (path: string, pattern: RegExp): number => Number(pattern.exec(read(path))?.[1] ?? 0)
  const bootedAt = number('/proc/stat', /^btime (\d+)$/m) * 1_000
  return {
    startedAt: bootedAt + startTicks(read('/proc/1/stat')) * tickMs,
    swapBytes: number('/proc/meminfo', /^SwapTotal:\s+(\d+) kB$/m) * 1_024,
    pids: {
      // The smaller one, as a kubelet has it: since Linux 6.14 a worker's pid_max is its own and says nothing of its machine's.
      most: leastOf(['pid_max', 'threads-max'].map((name) => number(`/proc/sys/kernel/${name}`, /^(\d+)/))),
      current: number('/proc/loadavg', /\d+\/(\d+)/),
    },
    kernel: release(),
  }
}

/** Of those that could be read. */
const leastOf = (values: readonly number[]): number => {
  const known = values.filter((value) => value > 0)
  return known.length > 0 ? Math.min(...known) : 0
}

/** The 22nd field; the second, a program's name in parentheses, may hold spaces. */
const startTicks = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0)

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
