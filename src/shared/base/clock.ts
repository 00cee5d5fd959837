import type { Stop } from './disposable.ts'

/** Time as a dependency, so that tests control it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `task` once after `ms` milliseconds unless stopped before. */
  after(ms: number, task: () => void): Stop
}

/** Resolves after `ms` milliseconds on `clock`, or rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error)
      return
    }
    const stop = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    const abort = (): void => {
      void stop()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}

declare const globalThis: {
  setTimeout(task: () => void, ms: number): { unref?(): void } | number
  clearTimeout(timer: unknown): void
}

/** Longest single timer, ms: what is due while the machine sleeps runs at most that long after it wakes. */
const longestTimer = 60_000

/**
 * The system clock. Timers stand still while a machine sleeps and overflow at 2^31 ms, so longer times are waited for in
 * parts: a task runs when its time has come by the wall clock or by the timers, whichever is first.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const due = Date.now() + ms
    let left = Math.max(0, ms)
    let timer: unknown
    const wait = (): void => {
      const part = Math.min(left, longestTimer)
      timer = globalThis.setTimeout(() => {
        left -= part
        if (left <= 0 || Date.now() >= due) task()
        else wait()
      }, part)
    }
    wait()
    return () => globalThis.clearTimeout(timer)
  },
}
