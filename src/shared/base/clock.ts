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

/** The system clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = globalThis.setTimeout(task, ms)
    return () => globalThis.clearTimeout(timer)
  },
}
