import { isConditionTrue, setCondition } from '#shared/kube/conditions.ts'
import type { Job, JobCondition, JobStatus, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { formatIndexes, parseIndexes } from '#shared/reconcile/index-ranges.ts'
import { judgeFailures, type Judgement } from '#shared/reconcile/pod-failure-policy.ts'
import {
  endsIndex,
  failureAnnotations,
  failuresAfter,
  indexDelayLeft,
  isLimitedPerIndex,
  lastFailures,
} from './index-failures.ts'
import { failureDelayLeft, finishTimeOf, indexOf, isTracked, uidOf, type NewPod } from './pods.ts'

/** Most pods that are counted in one reconcile: their uids are in the status for a while. */
const mostUncounted = 500

/**
 * A Job's pods by what became of them, and the status that follows.
 *
 * Finished pods are counted so that no crash counts one twice or misses one: `noteFinished` puts their uids into the
 * status, which is written; then they lose the finalizer that kept them; then `countNoted` turns the uids of pods
 * without finalizer into numbers. Where the last write is lost, the uids are still there to be counted.
 *
 * Pods that the Job itself has no use for (surplus, suspended, after a success) lose the finalizer before they are
 * deleted, and are in no count.
 */
export class Tally {
  job: Stored<Job>
  readonly status: JobStatus
  readonly active: Stored<Pod>[]
  readonly terminating: Stored<Pod>[]
  readonly judgement: Judgement
  readonly completed: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
  readonly #claimed: readonly Stored<Pod>[]
  /** Finished pods with their finalizer, apart from those that wait for their replacement. */
  readonly #countable: readonly Stored<Pod>[]
  readonly #newlyFinished: readonly Stored<Pod>[]
  /** By index: the failed pod that waits for its replacement. */
  readonly #unreplaced: ReadonlyMap<number, Stored<Pod>>

  constructor(job: Stored<Job>, claimed: readonly Stored<Pod>[], now: number) {
    this.job = job
    this.#claimed = claimed
    this.status = structuredClone(job.status ?? {})
    this.active = claimed.filter((pod) => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp)
    this.terminating = claimed.filter((pod) => !isPodTerminal(pod) && pod.metadata.deletionTimestamp)
    const failed = this.#present.filter((pod) => this.#isFailed(pod))
    this.judgement = judgeFailures(job, failed)
    this.completed = this.#completedIndexes()
    this.failedIndexes = this.#indexesThatFailed(failed)
    this.#unreplaced = this.#unreplacedFailures(failed, now)

    const waiting = new Set([...this.#unreplaced.values()].map(uidOf))
    this.#countable = claimed.filter((pod) => isTracked(pod) && this.#isFinished(pod) && !waiting.has(uidOf(pod)))
    const known = new Set([...(this.#uncounted.succeeded ?? []), ...(this.#uncounted.failed ?? [])])
    this.#newlyFinished = this.#countable.filter((pod) => !known.has(uidOf(pod))).slice(0, mostUncounted)
  }

  get isIndexed(): boolean {
    return this.job.spec?.completionMode === 'Indexed'
  }

  get #completions(): number {
    return this.job.spec?.completions ?? 0
  }

  /** All but the pods that the Job gave up and that are on their way out. */
  get #present(): Stored<Pod>[] {
    return this.#claimed.filter((pod) => isTracked(pod) || !pod.metadata.deletionTimestamp)
  }

  get #uncounted(): NonNullable<JobStatus['uncountedTerminatedPods']> {
    return this.status.uncountedTerminatedPods ?? {}
  }

  /**
   * A terminating pod counts as failed, unless podReplacementPolicy waits for its end. Of a Job that is failing it does
   * in any case, and of one that has succeeded it does not.
   */
  #isFailed({ metadata, status }: Pod): boolean {
    if (status?.phase === 'Failed') return true
    if (!metadata.deletionTimestamp || status?.phase === 'Succeeded' || this.has('SuccessCriteriaMet')) return false
    return this.has('FailureTarget') || !this.#replacesOnlyFailed
  }

  get #replacesOnlyFailed(): boolean {
    const { podReplacementPolicy, podFailurePolicy } = this.job.spec ?? {}
    return podReplacementPolicy === 'Failed' || (podReplacementPolicy === undefined && podFailurePolicy !== undefined)
  }

  #isFinished(pod: Pod): boolean {
    return pod.status?.phase === 'Succeeded' || this.#isFailed(pod)
  }

  /** Index of a pod, where it is one of the Job's: an elastic Job may have shrunk. */
  #validIndex(pod: Pod): number | undefined {
    const index = indexOf(pod)
    return index !== undefined && index < this.#completions ? index : undefined
  }

  #completedIndexes(): Set<number> {
    const known = parseIndexes(this.status.completedIndexes).filter((index) => index < this.#completions)
    const isNew = (pod: Pod): boolean => isTracked(pod) && pod.status?.phase === 'Succeeded'
    return new Set([...known, ...this.#indexesOf(this.#claimed.filter(isNew))])
  }

  #indexesThatFailed(failed: readonly Stored<Pod>[]): Set<number> {
    if (!isLimitedPerIndex(this.job)) return new Set()
    const known = parseIndexes(this.status.failedIndexes).filter((index) => index < this.#completions)
    // Pods that a failing Job stops say nothing about their indexes.
    if (this.isDecided) return new Set(known)
    const ended = failed.filter((pod) => isTracked(pod) && endsIndex(pod, this.job, this.judgement))
    return new Set([...known, ...this.#indexesOf(ended).filter((index) => !this.completed.has(index))])
  }

  #unreplacedFailures(failed: readonly Stored<Pod>[], now: number): Map<number, Stored<Pod>> {
    if (!isLimitedPerIndex(this.job) || this.isDecided) return new Map()
    const settled = new Set([...this.completed, ...this.failedIndexes, ...this.#indexesOf(this.active)])
    const isOpen = (pod: Pod): boolean =>
      !settled.has(this.#validIndex(pod) ?? -1) && this.#validIndex(pod) !== undefined
    return lastFailures(
      failed.filter((pod) => isTracked(pod) && isOpen(pod)),
      now,
    )
  }

  #indexesOf(pods: readonly Stored<Pod>[]): number[] {
    return pods.map((pod) => this.#validIndex(pod)).filter((index) => index !== undefined)
  }

  /** Whether an earlier reconcile has decided how the Job ends. */
  get isDecided(): boolean {
    return this.has('SuccessCriteriaMet') || this.has('FailureTarget')
  }

  /**
   * Step 1: the uids of newly finished pods go into the status, except those of failures that the policy ignores.
   * What follows from pods that may be gone afterwards is written with them: indexes, and that the policy fails the Job.
   */
  noteFinished(now: number): void {
    if (!this.status.startTime && !this.job.spec?.suspend) this.status.startTime = timestamp(now)
    if (this.judgement.failJob && !this.isDecided)
      this.setCondition({ type: 'FailureTarget', reason: 'PodFailurePolicy', message: this.judgement.failJob }, now)
    const succeeded = [...(this.#uncounted.succeeded ?? [])]
    const failed = [...(this.#uncounted.failed ?? [])]
    for (const pod of this.#newlyFinished) {
      if (this.isIndexed && this.#validIndex(pod) === undefined) continue
      if (pod.status?.phase === 'Succeeded') succeeded.push(uidOf(pod))
      else if (!this.judgement.ignored.has(uidOf(pod))) failed.push(uidOf(pod))
    }
    if (this.#newlyFinished.length > 0) this.#setUncounted({ succeeded, failed })
    if (!this.isIndexed) return
    if (this.completed.size > 0 || this.status.completedIndexes)
      this.status.completedIndexes = formatIndexes(this.completed)
    if (isLimitedPerIndex(this.job)) this.status.failedIndexes = formatIndexes(this.failedIndexes)
  }

  /** Step 2: the pods whose finalizer may go, since their uids are in the written status. */
  finishedAndTracked(): Stored<Pod>[] {
    const noted = new Set([
      ...this.#newlyFinished.map(uidOf),
      ...(this.#uncounted.succeeded ?? []),
      ...(this.#uncounted.failed ?? []),
    ])
    return this.#countable.filter((pod) => noted.has(uidOf(pod)))
  }

  /** Step 3: uids of pods that have no finalizer any more become numbers. @param released uids of step 2 */
  countNoted(released: ReadonlySet<string>): void {
    const stillTracked = new Set(this.#claimed.filter((pod) => isTracked(pod) && !released.has(uidOf(pod))).map(uidOf))
    const { succeeded = [], failed = [] } = this.#uncounted
    const isCounted = (uid: string): boolean => !stillTracked.has(uid)
    this.status.succeeded = this.isIndexed
      ? this.completed.size
      : (this.status.succeeded ?? 0) + succeeded.filter(isCounted).length
    this.status.failed = (this.status.failed ?? 0) + failed.filter(isCounted).length
    this.#setUncounted({
      succeeded: succeeded.filter((uid) => stillTracked.has(uid)),
      failed: failed.filter((uid) => stillTracked.has(uid)),
    })
  }

  /** Whether finished pods are left for the next reconcile to count. */
  get isUnfinished(): boolean {
    return this.#countable.length > this.finishedAndTracked().length || this.#unreplaced.size > 0
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
    return Math.max(0, Math.min(parallelism, completions - succeeded))
  }

  /** Terminating pods that are replaced only when they have ended. */
  replacementsHeldBack(): number {
    return this.#replacesOnlyFailed ? this.terminating.length : 0
  }

  /** Active pods that no number of completions keeps: of indexes that have another pod or that the Job does not have. */
  misplaced(ranked: readonly Stored<Pod>[]): Stored<Pod>[] {
    if (!this.isIndexed) return []
    const seen = new Set<number>()
    // The last in rank is the one to keep.
    return [...ranked].reverse().filter((pod) => {
      const index = this.#validIndex(pod)
      if (index === undefined || seen.has(index)) return true
      seen.add(index)
      return false
    })
  }

  /** New pods that may start now, `most` of them at most; else how long the next has to wait, ms. */
  startable(most: number, now: number): { pods: NewPod[]; wait: number } {
    const wait = isLimitedPerIndex(this.job) ? 0 : this.#failureDelayLeft(now)
    if (wait > 0) return { pods: [], wait }
    if (!this.isIndexed) return { pods: Array.from({ length: most }, () => ({})), wait: 0 }
    const free = this.#freeIndexes(most)
    if (!isLimitedPerIndex(this.job)) return { pods: free.map((index) => ({ index })), wait: 0 }
    const waits = free.map((index) => ({ index, wait: indexDelayLeft(this.#unreplaced.get(index), now) }))
    const ready = waits.filter((each) => each.wait === 0)
    return {
      pods: ready.map(({ index }) => ({
        index,
        annotations: failureAnnotations(failuresAfter(this.#unreplaced.get(index), this.judgement)),
      })),
      wait: Math.min(...waits.filter((each) => each.wait > 0).map((each) => each.wait)),
    }
  }

  /** The lowest completion indexes that have no pod and no end. */
  #freeIndexes(most: number): number[] {
    const holders = this.#replacesOnlyFailed ? [...this.active, ...this.terminating] : this.active
    const taken = new Set([...this.completed, ...this.failedIndexes, ...this.#indexesOf(holders)])
    const free: number[] = []
    for (let index = 0; index < this.#completions && free.length < most; index++)
      if (!taken.has(index)) free.push(index)
    return free
  }

  /** How long the next pod has to wait because of the failures since the last success, ms. */
  #failureDelayLeft(now: number): number {
    const ends = (phase: string): number[] =>
      this.#present.filter((pod) => pod.status?.phase === phase).map((pod) => finishTimeOf(pod, now))
    const lastSuccess = Math.max(0, ...ends('Succeeded'))
    const failures = ends('Failed').filter((time) => time > lastSuccess)
    return failureDelayLeft(failures.length, Math.max(...failures), now)
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
