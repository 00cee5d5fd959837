import type { Stop } from '#shared/base/disposable.ts'
import { createFaultLog } from '#shared/base/fault-log.ts'
import { StateLost } from '#shared/base/state-lost.ts'
import { systemClock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'

/** Errors that nothing caught since the process started. */
export interface UncaughtErrors {
  /** As Prometheus text. */
  text(): string
  stop: Stop
}

/**
 * Logs and counts what nothing caught. The process goes on, because one client's or watcher's fault must not stop every
 * cluster, unless the error says that what is in memory is no longer what is on disk (StateLost).
 * @param end ends the process at once, with nothing more written
 */
export function watchUncaughtErrors({ log, end }: { log: Log; end(): void }): UncaughtErrors {
  const counts = { uncaughtException: 0, unhandledRejection: 0 }
  const report = createFaultLog({ log, clock: systemClock, message: 'an error was not caught' })
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
        '# HELP slipway_uncaught_errors_total Errors of the host process that nothing caught.',
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
