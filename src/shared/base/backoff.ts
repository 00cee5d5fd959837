export interface BackoffOptions {
  /** First delay, ms. */
  initial: number
  /** Longest delay, ms. */
  max: number
  /** Factor from one delay to the next; 2 when unset. */
  factor?: number
}

/** Exponential backoff per key, as in client-go's item rate limiter: `next` increases the delay, `forget` resets it. */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #failures = new Map<string, number>()

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** Delay in ms before the next attempt for `key`. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    return Math.min(this.#options.initial * (this.#options.factor ?? 2) ** failures, this.#options.max)
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }
}
