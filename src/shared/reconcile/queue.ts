import { Backoff, type BackoffOptions } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { DelayedKeys } from './delayed-keys.ts'

/** 5 ms to 1000 s, as client-go's default controller rate limiter. */
const defaultBackoff: BackoffOptions = { initial: 5, max: 1_000_000 }

/**
 * A queue of keys. A key is queued once however often it is added; a key added while it is being processed is queued
 * again afterwards, so that no change is missed and no key is processed twice at the same time.
 */
export class WorkQueue {
  readonly #wake: () => void
  readonly #clock: Clock
  /** By key, when it was queued, ms. */
  readonly #waiting = new Map<string, number>()
  /** By key, how long it was queued, ms. */
  readonly #active = new Map<string, number>()
  /** Added while active. */
  readonly #again = new Set<string>()
  readonly #delayed: DelayedKeys
  readonly #backoff: Backoff

  /** @param wake called synchronously when a key is queued. */
  constructor(options: { clock: Clock; wake: () => void; backoff?: BackoffOptions | undefined }) {
    this.#wake = options.wake
    this.#clock = options.clock
    this.#backoff = new Backoff(options.backoff ?? defaultBackoff)
    this.#delayed = new DelayedKeys(options.clock, (keys) => {
      for (const key of keys) this.add(key)
    })
  }

  /** Number of queued keys. */
  get depth(): number {
    return this.#waiting.size
  }

  /** Number of delayed keys. */
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

  /** Adds the key after a delay that grows with each failure, until `forget`. @returns the delay in ms. */
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

  /** Takes the key that was queued first; it is active until `done`. */
  take(): string | undefined {
    const next = this.#waiting.entries().next()
    if (next.done) return undefined
    const [key, since] = next.value
    this.#waiting.delete(key)
    this.#active.set(key, this.#clock.now() - since)
    return key
  }

  /** How long an active key was queued, ms. */
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
