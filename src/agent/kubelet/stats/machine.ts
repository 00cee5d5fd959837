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
      most: number('/proc/sys/kernel/pid_max', /^(\d+)/),
      current: number('/proc/loadavg', /\d+\/(\d+)/),
    },
    kernel: release(),
  }
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
