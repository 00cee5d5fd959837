import type { Usage, UsageAmount } from '#shared/kube/simulation.ts'

/** Bounds of a usage, in the unit of its resource: cores or bytes. */
export interface UsageScale {
  /** The container's request; what counts as 100 % where it has none. */
  request: number
  /** The container's limit; Infinity without one. */
  limit: number
  /** A quantity in the unit. */
  valueOf(quantity: string): number
}

/** One sine of a usage: mean + amplitude · sin(2π · t / period + phase). */
interface Wave {
  amplitude: number
  periodMs: number
  phase: number
}

/** Periods of noise, ms: with no common measure, so that it does not repeat. */
const noisePeriods = [61_000, 149_000, 367_000]

/** A usage over time, as a sum of sines: their integral is known, so counters need no history. */
export interface UsageCurve {
  mean: number
  waves: readonly Wave[]
}

/** @param seed shifts the phases, so that no two containers swing together */
export function usageCurve({ low, high, periodMs, noise }: Usage, scale: UsageScale, seed: number): UsageCurve {
  const amount = (each: UsageAmount): number =>
    Math.min(scale.limit, 'quantity' in each ? scale.valueOf(each.quantity) : each.ofRequest * scale.request)
  const [from, to] = [amount(low), amount(high)]
  const mean = (from + to) / 2
  if (periodMs !== undefined) return { mean, waves: [{ amplitude: (to - from) / 2, periodMs, phase: -Math.PI / 2 }] }
  if (noise === 0) return { mean, waves: [] }
  const amplitude = Math.min(mean * noise, scale.limit - mean) / noisePeriods.length
  return {
    mean,
    waves: noisePeriods.map((period, index) => ({
      amplitude,
      periodMs: period,
      phase: ((seed * (index + 1) * 0.618_033_988_749_895) % 1) * 2 * Math.PI,
    })),
  }
}

/** The usage at a time, in the unit of the curve. @param ms since the container's start */
export function usageAt({ mean, waves }: UsageCurve, ms: number): number {
  let sum = mean
  for (const { amplitude, periodMs, phase } of waves) sum += amplitude * Math.sin((2 * Math.PI * ms) / periodMs + phase)
  return Math.max(0, sum)
}

/** What has been used since the container's start, in units times seconds; never decreases. */
export function usedUntil({ mean, waves }: UsageCurve, ms: number): number {
  let sum = mean * ms
  for (const { amplitude, periodMs, phase } of waves) {
    const angle = (2 * Math.PI) / periodMs
    sum += (amplitude / angle) * (Math.cos(phase) - Math.cos(angle * ms + phase))
  }
  return Math.max(0, sum) / 1_000
}
