/** The end that was asked for of one pod. A second delete may shorten the grace of the first, never lengthen it. */
export class Termination {
  readonly #begun = new AbortController()
  readonly #shortened = new AbortController()
  #grace = Infinity

  /** Aborts when the pod is to end: whatever waits for its containers gives up. */
  get begun(): AbortSignal {
    return this.#begun.signal
  }

  /** Aborts when containers that are being stopped get less time than they were given first. */
  get shortened(): AbortSignal {
    return this.#shortened.signal
  }

  /** Seconds; Infinity until a grace is known. */
  get grace(): number {
    return this.#grace
  }

  /** @returns whether `grace` (seconds) is less than any before it. */
  begin(grace: number): boolean {
    this.#begun.abort()
    const isShorter = grace < this.#grace
    this.#grace = Math.min(this.#grace, grace)
    return isShorter
  }

  /** What is being stopped has to hurry. */
  shorten(): void {
    this.#shortened.abort()
  }
}
