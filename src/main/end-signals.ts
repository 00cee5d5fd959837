import type { Stop } from '#shared/base/disposable.ts'

/** Interval of checks for the parent, ms. */
const parentCheckMs = 1_000

/**
 * Calls `end` when the process should end: on SIGTERM, SIGINT or SIGHUP, or when the script that started it has exited.
 * Scripts set `SLIPWAY_PARENT` to their pid; without it the app outlives the process that started it.
 */
export function onEndSignal(end: () => void, parent = process.env['SLIPWAY_PARENT']): Stop {
  for (const signal of signals) process.on(signal, end)
  const timer =
    parent === undefined
      ? undefined
      : setInterval(() => {
          if (process.ppid === Number(parent)) return
          clearInterval(timer)
          end()
        }, parentCheckMs)
  timer?.unref()
  return () => {
    for (const signal of signals) process.off(signal, end)
    clearInterval(timer)
  }
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
