import { messageOf } from './message-of.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** Reports one occurrence of a fault. */
export type ReportFault = (error: unknown) => void

export interface FaultLogOptions {
  log: Log
  clock: Clock
  /** The operation that failed: the message of every line. */
  message: string
  /** Faults with the same text within this time are logged once, ms; a minute when unset. */
  everyMs?: number
}

/** Maximum number of remembered texts; the oldest is forgotten first. */
const mostTexts = 200

/**
 * Logs each fault with its stack once, then only the number of recurrences: one stack trace per request would fill a
 * disk that is already nearly full.
 */
export function createFaultLog({ log, clock, message, everyMs = 60_000 }: FaultLogOptions): ReportFault {
  const known = new Map<string, { until: number; repeated: number }>()
  return (error) => {
    const text = messageOf(error)
    const now = clock.now()
    const fault = known.get(text)
    if (fault && now < fault.until) {
      fault.repeated++
      return
    }
    known.delete(text)
    known.set(text, { until: now + everyMs, repeated: 0 })
    if (known.size > mostTexts) for (const oldest of known.keys()) if (known.delete(oldest)) break
    const stack = error instanceof Error ? (error.stack ?? text) : text
    log.error(message, fault ? { error: text, repeated: fault.repeated } : { error: stack })
  }
}
