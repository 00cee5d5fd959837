import type { Stop } from '#shared/base/disposable.ts'

/** How often the parent is looked for, ms. */
const parentCheckMs = 1_000

/**
 * Calls `end` when the process is told to end: by SIGTERM, SIGINT or SIGHUP, or because the script that started it is
 * gone. Scripts name themselves in `SLIPWAY_PARENT`, so that whoever starts the app otherwise may exit before it.
 */
export function onToldToEnd(end: () => void, parent = process.env['SLIPWAY_PARENT']): Stop {
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
