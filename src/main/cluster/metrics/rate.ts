/** Usage of a container or node as its kubelet measured it. */
export interface Sample {
  /** Start of the container or node, ms since the epoch. */
  startedAt: number
  /** When it was measured, ms since the epoch. */
  at: number
  /** CPU time since the start, ns. */
  cpuNanoseconds: number
  memoryBytes: number
}

/** CPU usage between two samples, and memory at the second. */
export interface Rate {
  /** Time of the second sample, ms since the epoch. */
  at: number
  windowMs: number
  cpuNanocores: number
  memoryBytes: number
}

/** A container whose first sample is at least this old has used enough CPU for a rate since its start, ms. */
const leastAge = 10_000
/** A container whose first sample is younger than this has started since the previous look at its node, ms. */
const mostAge = 15_000

/**
 * The rate between two samples, by the rules of metrics-server (pkg/storage): none across a restart, after a counter
 * that fell, or for a sample that is no newer; a fresh container has one since its start.
 */
export function rateOf(sample: Sample, previous: Sample | undefined, fresh: 'since-start' | 'none'): Rate | undefined {
  const age = sample.at - sample.startedAt
  if (fresh === 'since-start' && age >= leastAge && age < mostAge)
    return between(sample, { ...sample, at: sample.startedAt, cpuNanoseconds: 0 })
  if (!previous || sample.startedAt >= previous.at) return undefined
  return between(sample, previous)
}

function between(last: Sample, previous: Sample): Rate | undefined {
  const windowMs = last.at - previous.at
  const used = last.cpuNanoseconds - previous.cpuNanoseconds
  if (windowMs <= 0 || used < 0 || last.startedAt < previous.startedAt) return undefined
  return {
    at: last.at,
    windowMs,
    cpuNanocores: Math.floor(used / (windowMs / 1_000)),
    memoryBytes: last.memoryBytes,
  }
}
