import type { CronSchedule } from '#shared/kube/cron-schedule.ts'
import type { CronJob } from '#shared/kube/generated/types.ts'
import { asNumber } from '#shared/kube/json.ts'

/** Which run of a CronJob is due, and when the next one is. Times in ms since the epoch. */
export interface Due {
  /** The most recent run that was missed, if any; earlier ones are never made up for. */
  run: number | undefined
  /** Whether more than a hundred runs were missed. */
  tooManyMissed: boolean
  /** The next run that is not due yet; undefined where there is none. */
  next: number | undefined
}

/** Thrown for a schedule that is well formed but never due: 31 February. */
export class NeverDueError extends Error {
  constructor() {
    super('time difference between two schedules is less than 1 second')
  }
}

const manyMissed = 100

/** @throws NeverDueError */
export function dueOf(cronJob: CronJob, schedule: CronSchedule, now: number): Due {
  const start = startOf(cronJob)
  const deadline = cronJob.spec?.startingDeadlineSeconds
  // Runs beyond the starting deadline do not count as missed.
  const earliest = deadline === undefined ? start : Math.max(start, now - asNumber(deadline) * 1000)
  const { run, missed } = mostRecent(schedule, earliest, now)
  const last = earliest === start ? { run, missed } : mostRecent(schedule, start, now)
  // Counted on from the last run, so that @every keeps step.
  const next = schedule.next(last.run ?? (last.missed === 0 ? start : now))
  return { run, tooManyMissed: missed > manyMissed, next }
}

/** Runs count from the last one, or from when the CronJob was made. */
function startOf({ metadata, status }: CronJob): number {
  return Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '')
}

/**
 * The last time after `earliest` that is due by `now`. The number of times missed is estimated from the distance of the
 * first two, as Kubernetes does: schedules that were off for years are not counted through.
 */
function mostRecent(
  schedule: CronSchedule,
  earliest: number,
  now: number,
): { run: number | undefined; missed: number } {
  const first = schedule.next(earliest)
  if (first === undefined) throw new NeverDueError()
  if (now < first) return { run: undefined, missed: 0 }
  const second = schedule.next(first)
  if (second === undefined || now < second) return { run: first, missed: 1 }
  const interval = Math.round((second - first) / 1000) * 1000
  if (interval < 1000) throw new NeverDueError()
  const missed = Math.floor((now - first) / interval) + 1
  let run: number | undefined
  // One interval further back, so that an irregular schedule is met before its most recent time.
  for (let time = schedule.next(first + (missed - 2) * interval); time !== undefined && time <= now;) {
    run = time
    time = schedule.next(time)
  }
  return { run, missed }
}
