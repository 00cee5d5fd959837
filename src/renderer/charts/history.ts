import type { UsagePoints } from '#shared/contract/metrics.ts'

export const measures = ['cpu', 'memory', 'received', 'sent', 'filesystem'] as const
export type Measure = (typeof measures)[number]
/** One value per step; null where there is none. */
export type Values = (number | null)[]

/** Usage over the last hour, on one grid. */
export interface History {
  /** ms since the epoch */
  start: number
  stepMs: number
  length: number
  /** Those that are measured. */
  values: Partial<Record<Measure, Values>>
}

const hour = 3_600_000

/** What was known with what is new, not longer than an hour. */
export function merged(before: History | undefined, points: UsagePoints): History {
  const { start, stepMs, length } = points
  if (length === 0 && before) return before
  const isSame = before !== undefined && before.stepMs === stepMs && before.length > 0
  const end = start + length * stepMs
  const first = Math.max(isSame ? Math.min(before.start, start) : start, end - hour)
  const count = Math.max(0, Math.round((end - first) / stepMs))
  const values: History['values'] = {}
  for (const measure of measures) {
    const [old, next] = [isSame ? before.values[measure] : undefined, points[measure]]
    if (!old && !next) continue
    const all: Values = new Array<number | null>(count).fill(null)
    place(all, old, isSame ? (before.start - first) / stepMs : 0)
    place(all, next, (start - first) / stepMs)
    values[measure] = all
  }
  return { start: first, stepMs, length: count, values }
}

function place(all: Values, values: readonly (number | null)[] | undefined, at: number): void {
  values?.forEach((value, index) => {
    const to = Math.round(at) + index
    if (to >= 0 && to < all.length && value !== null) all[to] = value
  })
}

/** The last `ms` of it. */
export function lastOf(history: History, ms: number): History {
  const count = Math.min(history.length, Math.ceil(ms / history.stepMs))
  const from = history.length - count
  return {
    ...history,
    start: history.start + from * history.stepMs,
    length: count,
    values: Object.fromEntries(
      Object.entries(history.values).map(([measure, values]) => [measure, values.slice(from)]),
    ),
  }
}

/** The times of its values, s since the epoch. */
export const timesOf = ({ start, stepMs, length }: History): number[] =>
  Array.from({ length }, (_, at) => (start + at * stepMs) / 1_000)

/** The newest value while it tells of now: what has ended is measured no more. One answer may be late. */
export const nowOf = (values: Values | undefined): number | undefined =>
  values?.slice(-recent).findLast((value) => value !== null) ?? undefined
/** In steps. */
const recent = 3

/** The mean of each run of `size` values, for tables: null where there is none. */
export function thinned(values: Values, size: number): Values {
  const thin: Values = []
  for (let at = 0; at < values.length; at += size) {
    const some = values.slice(at, at + size).filter((value) => value !== null)
    thin.push(some.length === 0 ? null : some.reduce((sum, value) => sum + value, 0) / some.length)
  }
  return thin
}
