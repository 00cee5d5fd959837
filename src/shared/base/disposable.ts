/**
 * Ownership: a function that starts something returns its stop. A Stop is idempotent, and resolves once everything it
 * started has ended.
 */
export type Stop = () => void | Promise<void>

/** Collects stops and runs them in reverse order; an error in one does not prevent the others. */
export class StopStack {
  #stops: Stop[] = []
  #stopped = false

  get stopped(): boolean {
    return this.#stopped
  }

  /** Registers a stop, or runs it immediately if the owner has already stopped. */
  add(stop: Stop): void {
    if (this.#stopped) void stop()
    else this.#stops.push(stop)
  }

  /** @throws AggregateError with every failure, after all stops have run. */
  async stop(): Promise<void> {
    this.#stopped = true
    const failures: unknown[] = []
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      try {
        await stop()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop cleanly')
  }
}
