const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A moment that a user types: `14:03`, `14:03:20`, `5m`, `5m ago`, or a date and time that browsers know. A clock time
 * is the latest one that is not in the future.
 * @returns ms since 1970; undefined for what is no time
 */
export function momentOf(text: string, now: number): number | undefined {
  const typed = text.trim().toLowerCase()
  const ago = /^(\d+(?:\.\d+)?)\s*(s|m|h|d)(?:ec|in|ours?|ays?)?(?:\s+ago)?$/.exec(typed)
  if (ago) return now - Number(ago[1]) * (units[ago[2] ?? ''] ?? 0)
  const clock = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?$/.exec(typed)
  if (clock) {
    const [hours, minutes, seconds] = clock.slice(1).map((part) => Number(part ?? 0))
    if (hours === undefined || minutes === undefined || hours > 23 || minutes > 59) return undefined
    const moment = new Date(now).setHours(hours, minutes, seconds ?? 0, 0)
    return moment > now ? moment - 86_400_000 : moment
  }
  const date = /^\d{4}-\d\d-\d\d/.test(typed) ? Date.parse(text.trim()) : NaN
  return Number.isNaN(date) ? undefined : date
}
