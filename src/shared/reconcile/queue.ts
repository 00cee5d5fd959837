import { Backoff, type BackoffOptions } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { DelayedKeys } from './delayed-keys.ts'

/** 5 ms to 1000 s, as client-go's default controller rate limiter. */
const defaultBackoff: BackoffOptions = { initial: 5, max: 1_000_000 }

/**
 * Keys waiting to be worked on. A key waits once however often it is added; a key added while it is worked on waits
 * again afterwards, so that no change goes unseen and no key is worked on twice at the same time.
 */
export class WorkQueue {
  readonly #wake: () => void
  readonly #clock: Clock
  /** With the time since when, ms. */
  readonly #waiting = new Map<string, number>()
  /** With the time that each has waited, ms. */
  readonly #active = new Map<string, number>()
  /** Added while active. */
  readonly #again = new Set<string>()
  readonly #delayed: DelayedKeys
  readonly #backoff: Backoff

  /** @param wake called, synchronously, when keys have come to wait. */
  constructor(options: { clock: Clock; wake: () => void; backoff?: BackoffOptions }) {
    this.#wake = options.wake
    this.#clock = options.clock
    this.#backoff = new Backoff(options.backoff ?? defaultBackoff)
    this.#delayed = new DelayedKeys(options.clock, (keys) => {
      for (const key of keys) this.add(key)
    })
  }

  /** How many keys wait. */
  get depth(): number {
    return this.#waiting.size
  }

  /** How many keys are delayed. */
  get delayed(): number {
    return this.#delayed.size
  }

  add(key: string): void {
    if (this.#active.has(key)) {
      this.#again.add(key)
      return
    }
    if (this.#waiting.has(key)) return
    this.#waiting.set(key, this.#clock.now())
    this.#wake()
  }

  addAfter(key: string, ms: number): void {
    if (ms <= 0) this.add(key)
    else this.#delayed.add(key, ms)
  }

  /** Adds after a delay that grows with every failure of the key until `forget`. @returns the delay in ms. */
  retry(key: string): number {
    const delay = this.#backoff.next(key)
    this.addAfter(key, delay)
    return delay
  }

  forget(key: string): void {
    this.#backoff.forget(key)
  }

  failures(key: string): number {
    return this.#backoff.failures(key)
  }

  /** The key that has waited longest; it is active until `done`. */
  take(): string | undefined {
    const next = this.#waiting.entries().next()
    if (next.done) return undefined
    const [key, since] = next.value
    this.#waiting.delete(key)
    this.#active.set(key, this.#clock.now() - since)
    return key
  }

  /** How long an active key waited before it was taken, ms. */
  waited(key: string): number {
    return this.#active.get(key) ?? 0
  }

  done(key: string): void {
    this.#active.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  clear(): void {
    this.#waiting.clear()
    this.#again.clear()
    this.#delayed.clear()
  }
}
