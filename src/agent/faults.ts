import { systemClock, type Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'

/** Counts what went wrong in this process without anybody to answer for it. */
export interface Faults {
  /** A request failed with something other than a refusal. */
  request(): void
  /** A reader that stood still was cut. */
  cut(): void
  /** In Prometheus' text format. */
  metrics(): string
}

/** So many in a minute are a state that does not mend itself. */
const mostInAMinute = 100

/**
 * Logs and counts uncaught exceptions and unhandled rejections, and goes on: pods live in the engine, their specs and
 * statuses in the API server, so the agent holds no state that could be lost. When they do not stop, `end` is called: an
 * agent that starts anew finds everything again, and pods do not notice.
 */
export function watchFaults({
  log,
  end,
  clock = systemClock,
  process: source = process,
}: {
  log: Log
  end(): void
  clock?: Clock
  process?: Pick<NodeJS.Process, 'on'>
}): Faults {
  const counts = { uncaughtException: 0, unhandledRejection: 0, request: 0 }
  let cuts = 0
  let recent: number[] = []
  const logged = new Set<string>()

  const note = (kind: 'uncaughtException' | 'unhandledRejection', error: unknown): void => {
    counts[kind]++
    const message = error instanceof Error ? error.message : String(error)
    // The stack of a fault is worth reading once.
    const isNew = logged.size < 1_000 && !logged.has(message)
    logged.add(message)
    log.error(kind, { error: isNew && error instanceof Error ? (error.stack ?? message) : message })
    const now = clock.now()
    recent = [...recent.filter((time) => now - time < 60_000), now]
    if (recent.length > mostInAMinute) end()
  }
  source.on('uncaughtException', (error) => note('uncaughtException', error))
  source.on('unhandledRejection', (error) => note('unhandledRejection', error))

  return {
    request: () => void counts.request++,
    cut: () => void cuts++,
    metrics: () =>
      [
        '# HELP slipway_agent_faults_total Errors that nothing handled, and requests that failed unexpectedly.',
        '# TYPE slipway_agent_faults_total counter',
        ...Object.entries(counts).map(([kind, count]) => `slipway_agent_faults_total{kind="${kind}"} ${count}`),
        '# HELP slipway_agent_streams_cut_total Streams that were cut because their readers stood still.',
        '# TYPE slipway_agent_streams_cut_total counter',
        `slipway_agent_streams_cut_total ${cuts}`,
        '# HELP process_resident_memory_bytes Resident memory size in bytes.',
        '# TYPE process_resident_memory_bytes gauge',
        `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        '',
      ].join('\n'),
  }
}
