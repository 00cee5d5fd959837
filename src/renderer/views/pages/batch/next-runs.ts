import { parseSchedule, scheduleProblem } from '#shared/kube/cron-schedule.ts'

/** The next times of a schedule, ms since the epoch; a problem where it cannot be read. @param zone the machine's own where unset */
export function nextRuns(schedule: string, zone: string, now: number, count = 5): { runs: number[]; problem?: string } {
  const problem = scheduleProblem(schedule)
  if (problem !== undefined) return { runs: [], problem }
  const { next } = parseSchedule(schedule, zone)
  const runs: number[] = []
  let at: number | undefined = now
  while (runs.length < count) {
    at = next(at)
    if (at === undefined) break
    runs.push(at)
  }
  return { runs }
}
