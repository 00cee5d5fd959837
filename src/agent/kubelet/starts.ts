import { sleep, type Clock } from '#shared/base/clock.ts'

/**
 * What is being started on this node: containers and their sandboxes. Work that nobody waits for lets them have the
 * processor.
 */
export interface Starts {
  /** Something is being started, until `work` ends. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Whether something is being started now. */
  readonly busy: boolean
  /** Resolves when nothing has been started for a moment from now on, after `longestMs` at the latest. */
  quiet(longestMs: number): Promise<void>
}

/** After the end of a pod it is this long until a controller's next one is here, or more of a burst come, ms. */
export const quietMs = 150

export function createStarts(clock: Clock): Starts {
  let begun = 0
  let ended = 0
  return {
    async during(work) {
      begun++
      try {
        return await work()
      } finally {
        ended++
      }
    },
    get busy() {
      return begun > ended
    },
    async quiet(longestMs) {
      const end = clock.now() + longestMs
      for (let left = longestMs; left > 0; left = end - clock.now()) {
        const before = { begun, ended }
        await sleep(clock, Math.min(quietMs, left))
        if (before.begun === before.ended && begun === before.begun) return
      }
    },
  }
}
