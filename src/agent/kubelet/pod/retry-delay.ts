import { Backoff, type BackoffOptions } from '#shared/base/backoff.ts'
import { messageOf } from '#shared/base/message-of.ts'

/**
 * The wait before something that failed is tried again: it grows while the failure stays the same, and starts anew with
 * another failure or after a success. Tells whether a failure is new, so that each is logged once.
 */
export class RetryDelay {
  readonly #backoff: Backoff
  #failure: string | undefined

  constructor(options: BackoffOptions) {
    this.#backoff = new Backoff(options)
  }

  /** @returns ms to wait, and whether the last failure was another one */
  failed(error: unknown): { message: string; delayMs: number; isNew: boolean } {
    const message = messageOf(error)
    const isNew = message !== this.#failure
    if (isNew) this.succeeded()
    this.#failure = message
    return { message, delayMs: this.#backoff.next(message), isNew }
  }

  succeeded(): void {
    if (this.#failure !== undefined) this.#backoff.forget(this.#failure)
    this.#failure = undefined
  }
}
