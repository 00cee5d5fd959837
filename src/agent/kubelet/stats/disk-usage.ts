import { spawn } from 'node:child_process'
import type { Clock } from '#shared/base/clock.ts'

/** What a tree of files takes, by `du`: bytes and number of inodes. */
export interface TreeSize {
  bytes: number
  inodes: number
}

/** Measures trees in the background, since that may take long. */
export interface DiskUsage {
  /**
   * What is known of `paths`. It is measured again after `maxAge`, and soon for paths that were not known, which are
   * waited for a moment.
   */
  of(paths: readonly string[]): Promise<ReadonlyMap<string, TreeSize>>
}

/** The kubelet's own, ms (--volume-stats-agg-period). */
const defaultAge = 60_000
/** The least time between two measurements, ms. */
const leastGap = 5_000
/** How long a caller waits for unknown paths, ms. */
const patience = 1_000
/** A tree that takes longer to measure, ms, is given up. */
const longest = 60_000

export function createDiskUsage({
  clock,
  measure = measureTrees,
  maxAge = defaultAge,
}: {
  clock: Clock
  /** After this time, ms, it is measured again; a minute when unset. */
  maxAge?: number
  measure?(paths: readonly string[]): Promise<Map<string, TreeSize>>
}): DiskUsage {
  let known = new Map<string, TreeSize>()
  let tried = new Set<string>()
  let measuredAt = -Infinity
  let measuring: Promise<void> | undefined

  const refresh = async (paths: readonly string[]): Promise<void> => {
    tried = new Set(paths)
    const sizes = await measure(paths)
    known = new Map(
      paths.flatMap((path) => {
        // One that cannot be measured now keeps what it had.
        const size = sizes.get(path) ?? known.get(path)
        return size ? [[path, size] as const] : []
      }),
    )
  }
  return {
    async of(paths) {
      const age = Math.abs(clock.now() - measuredAt)
      const isNew = paths.some((path) => !tried.has(path))
      if (!measuring && (age > maxAge || (isNew && age > leastGap))) {
        measuredAt = clock.now()
        measuring = refresh(paths).finally(() => (measuring = undefined))
      }
      if (measuring && isNew) await Promise.race([measuring, delay(clock, patience)])
      return known
    },
  }
}

const delay = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })

/** One process for all paths; links are not followed, and other filesystems are left out. */
export async function measureTrees(paths: readonly string[]): Promise<Map<string, TreeSize>> {
  if (paths.length === 0) return new Map()
  const [bytes, inodes] = await Promise.all([du(paths, ['--block-size=1']), du(paths, ['--inodes'])])
  return new Map([...bytes].map(([path, size]) => [path, { bytes: size, inodes: inodes.get(path) ?? 0 }]))
}

/** Paths that cannot be read are missing from the result. */
function du(paths: readonly string[], options: readonly string[]): Promise<Map<string, number>> {
  return new Promise((resolve) => {
    // -l: a tree below another one counts in both.
    const child = spawn('nice', ['-n', '19', 'du', '-s', '-x', '-l', '-0', ...options, '--files0-from=-'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: longest,
    })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.stdin.on('error', () => undefined)
    child.once('error', () => resolve(new Map()))
    child.once('close', () => resolve(parseSizes(Buffer.concat(pieces).toString('utf8'))))
    child.stdin.end(paths.join('\0'))
  })
}

/** Entries of a number, a tab and a path, each ended by NUL. */
export function parseSizes(output: string): Map<string, number> {
  return new Map(
    output.split('\0').flatMap((entry) => {
      const tab = entry.indexOf('\t')
      return tab > 0 ? [[entry.slice(tab + 1), Number(entry.slice(0, tab))] as const] : []
    }),
  )
}
