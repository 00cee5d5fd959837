import { jsonEqual } from '#shared/kube/json.ts'
import type { Pod, PodStatus } from '#shared/kube/generated/types.ts'
import { pods } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { RetryDelay } from './retry-delay.ts'
import { podKey, podRef, type PodScope } from './scope.ts'
import { ownPart, podStatus, statusPatch, type PodObservation } from '#shared/kube/kubelet/pod-status.ts'

/**
 * Writes the pod's status when it changes, or when the API server holds another one (a pod whose node was lost is marked
 * not ready by the control plane): one request at a time, always the newest state.
 */
export class StatusReporter {
  readonly #scope: PodScope
  readonly #retry = new RetryDelay({ initial: 1_000, max: 10_000 })
  #reported: PodStatus | undefined
  /** What the API server made of the last write. */
  #held: { revision: number; status: unknown } | undefined
  #sending: Promise<void> = Promise.resolve()

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  report(seen: PodObservation): void {
    const pod = this.#scope.pod()
    const base = this.#reported ? { ...pod, status: withOthersConditions(this.#reported, pod.status) } : pod
    const status = podStatus(base, seen, timestamp(this.#scope.clock.now()))
    if (jsonEqual(status, this.#reported) && !this.#isContradicted(pod)) return
    this.#reported = status
    this.#held = undefined
    this.#sending = this.#sending.then(() => this.#send(status))
  }

  /** Resolves once everything reported so far has been sent, or has failed. */
  async flush(): Promise<void> {
    await this.#sending
  }

  /** Whether somebody has written over the last report. Copies that are older than it say nothing. */
  #isContradicted(pod: Pod): boolean {
    if (!this.#held || !this.#reported || revisionOf(pod) <= this.#held.revision) return false
    return !jsonEqual(ownPart(pod.status, this.#reported), this.#held.status)
  }

  async #send(status: PodStatus): Promise<void> {
    if (status !== this.#reported) return
    const { client, log, timers, objectUid } = this.#scope
    const pod = this.#scope.pod()
    const uid = objectUid()
    // Written when there is a mirror again: the pod is looked at then.
    if (uid === undefined) {
      this.#reported = undefined
      return
    }
    try {
      const body = { metadata: { uid }, status: statusPatch(status, pod.status) }
      const written = await client.patch(pods, podRef(pod), { type: 'strategic', body }, { subresource: 'status' })
      this.#retry.succeeded()
      if (status !== this.#reported) return
      this.#held = { revision: revisionOf(written), status: ownPart(written.status, status) }
      // Written over before the answer came: nothing else would bring it up again.
      if (this.#isContradicted(this.#scope.pod())) this.#scope.wake()
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return
      const { message, delayMs, isNew } = this.#retry.failed(error)
      if (isNew) log.warn('pod status not written', { pod: podKey(pod), error: message })
      if (status === this.#reported) this.#reported = undefined
      timers.wakeAfter('report', delayMs)
    }
  }
}

/** What was reported last, with the conditions of other writers: readiness gates are among them. */
function withOthersConditions(reported: PodStatus, held: PodStatus | undefined): PodStatus {
  const own = reported.conditions ?? []
  const others = (held?.conditions ?? []).filter(({ type }) => !own.some((condition) => condition.type === type))
  return { ...held, ...reported, conditions: [...own, ...others] }
}

const revisionOf = ({ metadata }: Pod): number => Number(metadata.resourceVersion ?? 0)
