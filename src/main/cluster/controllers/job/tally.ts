import { isConditionTrue, setCondition } from '#shared/kube/conditions.ts'
import type { Job, JobCondition, JobStatus, Pod } from '#shared/kube/generated/types.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { formatIndexes, parseIndexes } from '#shared/reconcile/index-ranges.ts'
import { judgeFailures, type Judgement } from '#shared/reconcile/pod-failure-policy.ts'
import { finishTimeOf, indexOf, isTracked, uidOf } from './pods.ts'

/** Pods of a failing Job are replaced after 10 s, 20 s, 40 s … up to 10 min. */
const failureDelayMs = 10_000
const longestFailureDelayMs = 600_000

/**
 * A Job's pods by what became of them, and the status that follows.
 *
 * Finished pods are counted so that no crash counts one twice or misses one: `noteFinished` puts their uids into the
 * status, which is written; then they lose the finalizer that kept them; then `countNoted` turns the uids of pods
 * without finalizer into numbers. Where the last write is lost, the uids are still there to be counted.
 */
export class Tally {
  job: Job
  readonly status: JobStatus
  readonly active: Pod[]
  readonly terminating: Pod[]
  /** Finished pods with their finalizer, which are in no count yet. */
  readonly newlyFinished: Pod[]
  readonly judgement: Judgement
  readonly #claimed: readonly Pod[]
  readonly #completed: Set<number>

  constructor(job: Job, claimed: readonly Pod[]) {
    this.job = job
    this.#claimed = claimed
    this.status = structuredClone(job.status ?? {})
    this.active = claimed.filter((pod) => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp)
    this.terminating = claimed.filter((pod) => !isPodTerminal(pod) && pod.metadata.deletionTimestamp)
    this.#completed = new Set(parseIndexes(job.status?.completedIndexes))
    const known = new Set([...(this.#uncounted.succeeded ?? []), ...(this.#uncounted.failed ?? [])])
    this.newlyFinished = claimed.filter((pod) => isTracked(pod) && this.#isFinished(pod) && !known.has(uidOf(pod)))
    this.judgement = judgeFailures(
      job,
      claimed.filter((pod) => this.#isFailed(pod)),
    )
  }

  get isIndexed(): boolean {
    return this.job.spec?.completionMode === 'Indexed'
  }

  get #uncounted(): NonNullable<JobStatus['uncountedTerminatedPods']> {
    return this.status.uncountedTerminatedPods ?? {}
  }

  /** A terminating pod counts as failed, unless podReplacementPolicy waits for its end. */
  #isFailed({ metadata, status }: Pod): boolean {
    if (status?.phase === 'Failed') return true
    return Boolean(metadata.deletionTimestamp) && status?.phase !== 'Succeeded' && !this.#replacesOnlyFailed
  }

  get #replacesOnlyFailed(): boolean {
    const { podReplacementPolicy, podFailurePolicy } = this.job.spec ?? {}
    return podReplacementPolicy === 'Failed' || (podReplacementPolicy === undefined && podFailurePolicy !== undefined)
  }

  #isFinished(pod: Pod): boolean {
    return pod.status?.phase === 'Succeeded' || this.#isFailed(pod)
  }

  /** Step 1: the uids of newly finished pods go into the status. Failures that the policy ignores are not counted. */
  noteFinished(now: number): void {
    if (!this.status.startTime && !this.job.spec?.suspend) this.status.startTime = timestamp(now)
    if (this.newlyFinished.length === 0) return
    const succeeded = [...(this.#uncounted.succeeded ?? [])]
    const failed = [...(this.#uncounted.failed ?? [])]
    for (const pod of this.newlyFinished) {
      const index = indexOf(pod)
      if (pod.status?.phase === 'Succeeded') {
        succeeded.push(uidOf(pod))
        if (index !== undefined && index < (this.job.spec?.completions ?? 0)) this.#completed.add(index)
      } else if (!this.judgement.ignored.has(uidOf(pod))) failed.push(uidOf(pod))
    }
    this.#setUncounted({ succeeded, failed })
    // Indexes are a set, not a count: they can be written at once.
    if (this.isIndexed && this.#completed.size > 0) this.status.completedIndexes = formatIndexes(this.#completed)
  }

  /** Step 2: the pods whose finalizer may go, since their uids are in the written status. */
  finishedAndTracked(): Pod[] {
    return this.#claimed.filter((pod) => isTracked(pod) && this.#isFinished(pod))
  }

  /** Step 3: uids of pods that have no finalizer any more become numbers. @param released uids of step 2 */
  countNoted(released: ReadonlySet<string>): void {
    const stillTracked = new Set(this.#claimed.filter((pod) => isTracked(pod) && !released.has(uidOf(pod))).map(uidOf))
    const { succeeded = [], failed = [] } = this.#uncounted
    const isCounted = (uid: string): boolean => !stillTracked.has(uid)
    this.status.succeeded = this.isIndexed
      ? this.#completed.size
      : (this.status.succeeded ?? 0) + succeeded.filter(isCounted).length
    this.status.failed = (this.status.failed ?? 0) + failed.filter(isCounted).length
    this.#setUncounted({
      succeeded: succeeded.filter((uid) => stillTracked.has(uid)),
      failed: failed.filter((uid) => stillTracked.has(uid)),
    })
  }

  #setUncounted({ succeeded, failed }: { succeeded: string[]; failed: string[] }): void {
    this.status.uncountedTerminatedPods = {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    }
  }

  /** The status with the present numbers of pods. */
  currentStatus(): JobStatus {
    const status = structuredClone(this.status)
    status.active = this.active.length
    status.ready = this.active.filter(isPodReady).length
    status.terminating = this.terminating.length
    for (const field of ['active', 'succeeded', 'failed'] as const) if (status[field] === 0) delete status[field]
    return status
  }

  has(condition: string): boolean {
    return isConditionTrue(this.status.conditions, condition)
  }

  /** A condition that has its status already keeps its reason, its message and its times. */
  setCondition(
    update: { type: string; reason: string; message: string },
    now: number,
    status: 'True' | 'False' = 'True',
  ): void {
    if (this.status.conditions?.some((present) => present.type === update.type && present.status === status)) return
    const time = timestamp(now)
    const condition = { ...update, status, lastProbeTime: time }
    this.status.conditions = setCondition<JobCondition>(this.status.conditions, condition, time, { position: 'last' })
  }

  /** How many pods should be active now. */
  wantedActive(): number {
    const { parallelism = 1, completions } = this.job.spec ?? {}
    const succeeded = this.status.succeeded ?? 0
    // Without a number of completions, the first success means that the work is done: no new pods.
    if (completions === undefined) return succeeded > 0 ? Math.min(this.active.length, parallelism) : parallelism
    return Math.min(parallelism, completions - succeeded)
  }

  /** Terminating pods that are replaced only when they have ended. */
  replacementsHeldBack(): number {
    return this.#replacesOnlyFailed ? this.terminating.length : 0
  }

  /** The lowest completion indexes that no pod has and none has completed. */
  freeIndexes(most: number): number[] {
    const taken = new Set(this.#completed)
    for (const pod of this.#replacesOnlyFailed ? [...this.active, ...this.terminating] : this.active) {
      const index = indexOf(pod)
      if (index !== undefined) taken.add(index)
    }
    const free: number[] = []
    for (let index = 0; index < (this.job.spec?.completions ?? 0) && free.length < most; index++)
      if (!taken.has(index)) free.push(index)
    return free
  }

  /** Pods that share their index with an older one. */
  repeatedIndexes(): Pod[] {
    if (!this.isIndexed) return []
    const seen = new Set<number>()
    const byAge = [...this.active].sort((a, b) =>
      (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1,
    )
    return byAge.filter((pod) => {
      const index = indexOf(pod)
      if (index === undefined || seen.has(index)) return true
      seen.add(index)
      return false
    })
  }

  /** How long the next pod has to wait because of the failures since the last success, ms. */
  failureDelayLeft(now: number): number {
    const ends = (phase: string): number[] =>
      this.#claimed.filter((pod) => pod.status?.phase === phase).map((pod) => finishTimeOf(pod, now))
    const lastSuccess = Math.max(0, ...ends('Succeeded'))
    const failures = ends('Failed').filter((time) => time > lastSuccess)
    if (failures.length === 0) return 0
    const delay = Math.min(failureDelayMs * 2 ** (failures.length - 1), longestFailureDelayMs)
    return Math.max(0, Math.max(...failures) + delay - now)
  }

  /** Restarts of containers, which count as failures where the kubelet retries in place. */
  restarts(): number {
    if (this.job.spec?.template?.spec?.restartPolicy !== 'OnFailure') return 0
    const statuses = this.active.flatMap(({ status }) => [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
    ])
    return statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)
  }
}
