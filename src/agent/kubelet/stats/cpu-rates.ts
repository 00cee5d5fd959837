/** CPU use of each subject by now, from samples of its CPU time. */
export interface CpuRates {
  /**
   * Adds a sample. @returns billionths of a core, the average over about the last ten seconds; undefined with the
   * subject's first sample
   */
  add(subject: string, sample: { at: number; cpuNanos: number }): number | undefined
  /** Forgets subjects that are not in `present`. */
  keep(present: ReadonlySet<string>): void
}

interface Sample {
  at: number
  cpuNanos: number
}

/** The average is taken over at least this time, ms, where there are samples for it. */
const window = 8_000
/** Samples closer than this to the previous one, ms, say too little: the kernel counts CPU time by ticks. */
const leastGap = 500

export function createCpuRates(): CpuRates {
  const subjects = new Map<string, { samples: Sample[]; rate: number | undefined }>()
  return {
    add(subject, sample) {
      const known = subjects.get(subject) ?? { samples: [], rate: undefined }
      subjects.set(subject, known)
      // Less than before: the group was made anew. Later than now: the clock was set back.
      const isAnew = ({ at, cpuNanos }: Sample): boolean => cpuNanos > sample.cpuNanos || at > sample.at
      if (known.samples.some(isAnew)) known.samples = []
      const from = known.samples.findLast(({ at }) => sample.at - at >= window) ?? known.samples[0]
      if (from && sample.at - from.at >= leastGap)
        known.rate = Math.round(((sample.cpuNanos - from.cpuNanos) / (sample.at - from.at)) * 1_000)
      known.samples = [...known.samples.filter(({ at }) => at >= (from?.at ?? 0)), sample]
      return known.rate
    },
    keep(present) {
      for (const subject of subjects.keys()) if (!present.has(subject)) subjects.delete(subject)
    },
  }
}
