import { systemClock, type Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'

/** Counts unexpected errors of this process. */
export interface Faults {
  /** A request failed with an error other than RequestRefused. */
  request(): void
  /** A stream was cut because its reader stalled. */
  cut(): void
  /** Metrics in Prometheus' text format. */
  metrics(): string
}

/** More faults than this in a minute count as a permanent failure. */
const mostInAMinute = 100

/**
 * Logs and counts uncaught exceptions and unhandled rejections, and continues: pods are kept by the engine, their specs
 * and statuses by the API server, so the agent has no state to lose. When faults persist, `end` is called: a restarted
 * agent finds everything again, and pods are not affected.
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
    const message = messageOf(error)
    // The stack is logged once per fault.
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
        '# HELP slipway_agent_faults_total Uncaught errors, and requests that failed unexpectedly.',
        '# TYPE slipway_agent_faults_total counter',
        ...Object.entries(counts).map(([kind, count]) => `slipway_agent_faults_total{kind="${kind}"} ${count}`),
        '# HELP slipway_agent_streams_cut_total Streams that were cut because their readers stalled.',
        '# TYPE slipway_agent_streams_cut_total counter',
        `slipway_agent_streams_cut_total ${cuts}`,
        '',
      ].join('\n'),
  }
}
