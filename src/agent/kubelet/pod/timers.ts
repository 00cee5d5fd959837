import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'

/** The timers of one pod, by name. Each wakes the pod's loop when it is due. */
export class Timers {
  readonly #clock: Clock
  readonly #wake: () => void
  readonly #pending = new Map<string, Stop>()
  #stopped = false

  constructor({ clock, wake }: { clock: Clock; wake: () => void }) {
    this.#clock = clock
    this.#wake = wake
  }

  /** Wakes the loop after `ms`, having run `before`; a later call of the same name replaces the earlier. */
  wakeAfter(name: string, ms: number, before: () => void = () => undefined): void {
    void this.#pending.get(name)?.()
    if (this.#stopped) return
    this.#pending.set(
      name,
      this.#clock.after(ms, () => {
        this.#pending.delete(name)
        before()
        this.#wake()
      }),
    )
  }

  stop(): void {
    this.#stopped = true
    for (const stop of this.#pending.values()) void stop()
    this.#pending.clear()
  }
}
