import type { Log } from '#shared/base/log.ts'

/** The last lines of a log, for a diagnostics bundle. */
export interface RecentLog {
  log: Log
  /** Oldest first, a JSON object each. */
  lines(): string[]
}

/** Passes everything on to `target`, and keeps the last lines but those of level debug. */
export function keepRecent(
  target: Log,
  { most = 2_000, now = Date.now }: { most?: number; now?: () => number } = {},
): RecentLog {
  const kept: string[] = []
  const keep = (level: string, message: string, fields: object): void => {
    kept.push(JSON.stringify({ time: new Date(now()).toISOString(), level, ...fields, msg: message }))
    if (kept.length > most) kept.shift()
  }
  const wrap = (log: Log, given: object): Log => ({
    debug: (message, fields) => log.debug(message, fields),
    info(message, fields) {
      keep('info', message, { ...given, ...fields })
      log.info(message, fields)
    },
    warn(message, fields) {
      keep('warn', message, { ...given, ...fields })
      log.warn(message, fields)
    },
    error(message, fields) {
      keep('error', message, { ...given, ...fields })
      log.error(message, fields)
    },
    child: (fields) => wrap(log.child(fields), { ...given, ...fields }),
  })
  return { log: wrap(target, {}), lines: () => [...kept] }
}
