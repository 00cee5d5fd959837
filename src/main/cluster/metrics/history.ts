import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { cellMs, cellOf, historyCells } from './series-table.ts'
import { summed, type Measure, type Subject, type UsageStore } from './usage-store.ts'

/** Points on the common grid: the value of index i belongs to the `stepMs` from `start + i × stepMs`; NaN is a gap. */
export interface UsageSeries {
  /** ms since the epoch. */
  start: number
  stepMs: number
  length: number
  values: Partial<Record<Measure, Float32Array>>
}

/** An hour of usage of nodes, pods, containers, and of sums of them. */
export interface UsageHistory {
  /** The points after `since` (ms since the epoch) of one subject, or of the sum of several; at most an hour. */
  read(subject: Subject | readonly Subject[], since: number): UsageSeries
  /** Calls `listener` whenever all points of a step are there. */
  onStep(listener: () => void): Stop
}

/** Answers of a step arrive until shortly after its end, ms. */
const completeMs = 1_000

export function createHistory({ store, clock }: { store: UsageStore; clock: Clock }): UsageHistory {
  const listeners = new Set<() => void>()
  let stopWaiting: Stop | undefined
  const newest = (): number => cellOf(clock.now() - completeMs) - 1

  function wait(): void {
    const next = (newest() + 2) * cellMs + completeMs
    stopWaiting = clock.after(Math.max(0, next - clock.now()), () => {
      wait()
      for (const listener of listeners) listener()
    })
  }
  return {
    read(subject, since) {
      const to = newest()
      const from = Math.max(cellOf(since + cellMs - 1), to - historyCells + 1)
      const start = Math.min(from, to + 1)
      const values: UsageSeries['values'] = {}
      for (const one of [subject].flat())
        for (const [measure, series] of Object.entries(store.read(one, start, to) ?? {}))
          values[measure as Measure] = summed(values[measure as Measure], series)
      return { start: start * cellMs, stepMs: cellMs, length: to - start + 1, values }
    },
    onStep(listener) {
      listeners.add(listener)
      if (listeners.size === 1) wait()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) return stopWaiting?.()
      }
    },
  }
}
