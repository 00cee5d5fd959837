import { claimsDevices } from '../dra/claims.ts'
import { RetryDelay } from './retry-delay.ts'
import type { PodScope } from './scope.ts'

/** The claimed devices of one pod: prepared before its first container, released after its last. */
export class PodDevices {
  readonly #scope: PodScope
  readonly #retry = new RetryDelay({ initial: 2_000, max: 30_000 })
  #ready = false

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  /** Whether drivers have prepared something for it. */
  get isHeld(): boolean {
    return this.#scope.claims?.holds(this.#scope.uid) ?? false
  }

  /** @returns whether all are there; a failure becomes an event and is tried again */
  async ensure(): Promise<boolean> {
    const { claims, recorder, timers } = this.#scope
    const pod = this.#scope.pod()
    if (this.#ready || !claimsDevices(pod)) return true
    try {
      if (!claims) throw new Error('no DRA drivers are run here')
      await claims.prepare(pod)
      this.#ready = true
    } catch (error) {
      const { message, delayMs } = this.#retry.failed(error)
      const why = `Failed to prepare dynamic resources: prepare dynamic resources: ${message}`
      recorder.event(pod, 'Warning', 'FailedPrepareDynamicResources', why)
      timers.wakeAfter('devices', delayMs)
    }
    return this.#ready
  }

  /** @throws Error while a driver does not take them back */
  async release(): Promise<void> {
    if (!this.isHeld) return
    await this.#scope.claims?.release(this.#scope.uid)
    this.#ready = false
  }
}
