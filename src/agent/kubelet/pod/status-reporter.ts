import { jsonEqual } from '#shared/kube/json.ts'
import type { PodStatus } from '#shared/kube/generated/types.ts'
import { pods } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { RetryDelay } from './retry-delay.ts'
import { podKey, podRef, type PodScope } from './scope.ts'
import { podStatus, statusPatch, type PodObservation } from './status.ts'

/** Writes the pod's status when it changes: one request at a time, always the newest state. */
export class StatusReporter {
  readonly #scope: PodScope
  readonly #retry = new RetryDelay({ initial: 1_000, max: 30_000 })
  #reported: PodStatus | undefined
  #sending: Promise<void> = Promise.resolve()

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  report(seen: PodObservation): void {
    const pod = this.#scope.pod()
    const base = this.#reported ? { ...pod, status: { ...pod.status, ...this.#reported } } : pod
    const status = podStatus(base, seen, timestamp(this.#scope.clock.now()))
    if (jsonEqual(status, this.#reported)) return
    this.#reported = status
    this.#sending = this.#sending.then(() => this.#send(status))
  }

  /** Resolves once everything reported so far has been sent, or has failed. */
  async flush(): Promise<void> {
    await this.#sending
  }

  async #send(status: PodStatus): Promise<void> {
    if (status !== this.#reported) return
    const { client, log, timers, uid } = this.#scope
    const pod = this.#scope.pod()
    try {
      const body = { metadata: { uid }, status: statusPatch(status, pod.status) }
      await client.patch(pods, podRef(pod), { type: 'strategic', body }, { subresource: 'status' })
      this.#retry.succeeded()
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return
      const { message, delayMs, isNew } = this.#retry.failed(error)
      if (isNew) log.warn('pod status not written', { pod: podKey(pod), error: message })
      if (status === this.#reported) this.#reported = undefined
      timers.wakeAfter('report', delayMs)
    }
  }
}
