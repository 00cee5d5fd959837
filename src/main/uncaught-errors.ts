import type { Stop } from '#shared/base/disposable.ts'
import { createFaultLog } from '#shared/base/fault-log.ts'
import { StateLost } from '#shared/base/state-lost.ts'
import { systemClock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'

/** Number of uncaught errors since the process started. */
export interface UncaughtErrors {
  /** As Prometheus text. */
  text(): string
  stop: Stop
}

/**
 * Logs and counts uncaught errors. The process continues, because the fault of one client or watcher must not stop
 * every cluster, unless the error says that memory and disk have diverged (StateLost).
 * @param end ends the process at once, without further writes
 */
export function watchUncaughtErrors({ log, end }: { log: Log; end(): void }): UncaughtErrors {
  const counts = { uncaughtException: 0, unhandledRejection: 0 }
  const report = createFaultLog({ log, clock: systemClock, message: 'uncaught error' })
  const onError =
    (kind: keyof typeof counts) =>
    (error: unknown): void => {
      counts[kind]++
      report(error)
      if (error instanceof StateLost) end()
    }
  const onException = onError('uncaughtException')
  const onRejection = onError('unhandledRejection')
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)
  return {
    text: () =>
      [
        '# HELP slipway_uncaught_errors_total Uncaught errors of the host process.',
        '# TYPE slipway_uncaught_errors_total counter',
        ...Object.entries(counts).map(([kind, count]) => `slipway_uncaught_errors_total{kind="${kind}"} ${count}`),
        '',
      ].join('\n'),
    stop() {
      process.off('uncaughtException', onException)
      process.off('unhandledRejection', onRejection)
    },
  }
}
