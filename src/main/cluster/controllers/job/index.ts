import { refOf } from '#shared/client/client.ts'
import { asNumber, jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isNamespaceTerminating, isNotFound, messageOf } from '#shared/kube/error-kinds.ts'
import type { Job, JobCondition, JobStatus, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { jobs, pods } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { parseIndexes, formatIndexes } from '#shared/reconcile/index-ranges.ts'
import { claim, controllerOf, controllerReference, indexByController } from '#shared/reconcile/ownership.ts'
import { judgeFailures, type Judgement } from '#shared/reconcile/pod-failure-policy.ts'
import { byDeletionRank } from '#shared/reconcile/pod-ranking.ts'
import { slowStart } from '#shared/reconcile/slow-start.ts'

/** Keeps a finished pod until the Job has counted it. */
const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
const indexName = 'batch.kubernetes.io/job-completion-index'
const burst = 500
/** Pods of a failing Job are made anew after 10 s, 20 s, 40 s … up to 10 min. */
const failureDelayMs = 10_000
const longestFailureDelayMs = 600_000

/** Runs pods until enough of them have succeeded, or too many have failed. */
export function startJobs(context: ControllerContext): Stop {
  const { client, clock } = context
  const log = context.log.child({ controller: 'job' })
  const recorder = createEventRecorder({ client, clock, log, component: 'job-controller' })
  const jobInformer = context.informers.share(jobs)
  const podInformer = context.informers.share(pods)
  indexByController(podInformer)
  jobInformer.addIndex('namespace', (job) => job.metadata.namespace)
  podInformer.addIndex('tracked-by-job', trackingJob)

  async function reconcile(key: string): Promise<Outcome> {
    const job = jobInformer.get(key)
    await releaseStrangers(key, job)
    if (!job || job.metadata.deletionTimestamp || conditionOf(job, 'Complete') || conditionOf(job, 'Failed')) {
      if (job) await releasePods(job)
      return undefined
    }
    const claimed = await claim({
      client,
      owner: job,
      ownerResource: jobs,
      resource: pods,
      informer: podInformer,
      selected: (pod) => selects(job.spec?.selector, pod.metadata.labels),
    })
    return advance(job, claimed)
  }

  /** One look: count what has finished, judge the whole, then make or delete pods by that. */
  async function advance(job: Job, claimed: readonly Pod[]): Promise<Outcome> {
    const tally = await count(job, claimed)
    const verdict = verdictOn(tally, clock.now())
    if (verdict) return finish(tally, verdict)
    if (job.spec?.suspend) return suspend(tally)
    return matchParallelism(tally)
  }

  /**
   * Counts finished pods so that no crash counts one twice or not at all: their uids are written down first, then
   * they lose the finalizer that kept them, and with the next write of the status they become a number.
   */
  async function count(job: Job, claimed: readonly Pod[]): Promise<Tally> {
    const tally = new Tally(job, claimed)
    if (!job.status?.startTime && !job.spec?.suspend) tally.status.startTime = timestamp(clock.now())
    if (tally.newlyFinished.length > 0) tally.writeDown()
    if (!jsonEqual(tally.status, job.status)) await write(tally)
    const finished = tally.finishedAndTracked()
    await Promise.all(finished.map(dropFinalizer))
    tally.countWrittenDown(new Set(finished.map(uidOf)))
    return tally
  }

  async function write(tally: Tally): Promise<void> {
    if (jsonEqual(tally.status, tally.job.status)) return
    const written = await client.updateStatus(jobs, { ...tally.job, status: structuredClone(tally.status) })
    await jobInformer.caughtUp(written)
    tally.job = written
  }

  async function dropFinalizer(pod: Pod): Promise<void> {
    const { uid } = pod.metadata
    // One item out of the list, whatever its version: the kubelet writes to the same pod.
    const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } }
    try {
      await client.patch(pods, refOf(pod), { type: 'strategic', body })
      await podInformer.until(keyOf(pod), (seen) => !seen || seen.metadata.uid !== uid || !isTracked(seen))
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  /** First the decision, then the end of all pods, then the condition that says it is over. */
  async function finish(tally: Tally, verdict: Verdict): Promise<Outcome> {
    const { job } = tally
    const now = timestamp(clock.now())
    const interim = verdict.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'
    tally.setCondition(interim, verdict, now)
    if (tally.active.length > 0) {
      await write(tally)
      await Promise.all(tally.active.map((pod) => deletePod(job, pod)))
    }
    if (tally.active.length > 0 || tally.terminating.length > 0) {
      await write(tally.withCurrentNumbers())
      return undefined
    }
    tally.setCondition(verdict.type, verdict, now)
    if (verdict.type === 'Complete') tally.status.completionTime = now
    await write(tally.withCurrentNumbers())
    if (verdict.type === 'Complete') say(job, 'Normal', 'Completed', 'Job completed')
    else say(job, 'Warning', verdict.reason, verdict.message)
    return undefined
  }

  async function suspend(tally: Tally): Promise<Outcome> {
    const { job } = tally
    if (conditionOf(job, 'Suspended')?.status !== 'True') {
      tally.setCondition('Suspended', { reason: 'JobSuspended', message: 'Job suspended' }, timestamp(clock.now()))
      say(job, 'Normal', 'Suspended', 'Job suspended')
    }
    delete tally.status.startTime
    await Promise.all(tally.active.map((pod) => deletePod(job, pod)))
    await write(tally.withCurrentNumbers())
    return undefined
  }

  async function matchParallelism(tally: Tally): Promise<Outcome> {
    const { job } = tally
    if (job.status?.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'True')) {
      tally.setCondition('Suspended', { reason: 'JobResumed', message: 'Job resumed' }, timestamp(clock.now()), 'False')
      say(job, 'Normal', 'Resumed', 'Job resumed')
    }
    await write(tally.withCurrentNumbers())
    const wanted = tally.wantedActive()
    const surplus = tally.active.length - wanted
    if (surplus > 0) {
      const ranked = [...tally.active].sort(byDeletionRank(tally.active, clock.now()))
      await Promise.all(ranked.slice(0, surplus).map((pod) => deletePod(job, pod)))
      return undefined
    }
    await Promise.all(tally.repeatedIndexes().map((pod) => deletePod(job, pod)))
    const missing = Math.min(burst, wanted - tally.active.length - tally.replacementsHeldBack())
    if (missing <= 0) return nextDeadline(job, clock.now())
    const wait = tally.failureDelayLeft(clock.now())
    if (wait > 0) return { requeueAfter: wait }
    await createPods(job, tally, missing)
    return nextDeadline(job, clock.now())
  }

  async function createPods(job: Job, tally: Tally, missing: number): Promise<void> {
    const indexes = tally.isIndexed ? tally.freeIndexes(missing) : undefined
    const created: Pod[] = []
    const { error } = await slowStart(indexes?.length ?? missing, async (turn) => {
      created.push(await createPod(job, indexes?.[turn]))
    })
    await podInformer.caughtUp(...created)
    if (error !== undefined && !isNamespaceTerminating(error)) throw error
  }

  async function createPod(job: Job, index: number | undefined): Promise<Pod> {
    try {
      const pod = await client.create(pods, jobPod(job, index))
      say(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name ?? ''}`)
      return pod
    } catch (error) {
      if (!isNamespaceTerminating(error)) say(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  async function deletePod(job: Job, pod: Pod): Promise<void> {
    const uid = uidOf(pod)
    try {
      await client.delete(pods, refOf(pod), { preconditions: { uid } })
      say(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name ?? ''}`)
    } catch (error) {
      if (isNotFound(error) || isAnotherObject(error)) return
      throw error
    }
    await podInformer.until(
      keyOf(pod),
      (seen) => seen?.metadata.uid !== uid || Boolean(seen?.metadata.deletionTimestamp),
    )
  }

  /** Pods of a Job that is over or on its way out are nobody's to count any more. */
  const releasePods = (job: Job): Promise<unknown> =>
    Promise.all(podInformer.byIndex('controller-uid', uidOf(job)).filter(isTracked).map(dropFinalizer))

  /** Pods whose Job is gone, though another of its name may be there. */
  const releaseStrangers = (key: string, job: Job | undefined): Promise<unknown> =>
    Promise.all(
      podInformer
        .byIndex('tracked-by-job', key)
        .filter((pod) => controllerOf(pod)?.uid !== job?.metadata.uid)
        .map(dropFinalizer),
    )

  function say(job: Job, type: 'Normal' | 'Warning', reason: string, message: string): void {
    recorder.event({ ...job, apiVersion: 'batch/v1', kind: 'Job' }, type, reason, message)
  }

  function jobsOf(pod: Pod): string[] {
    const controller = controllerOf(pod)
    if (controller) return controller.kind === 'Job' ? [`${pod.metadata.namespace ?? ''}/${controller.name}`] : []
    return jobInformer
      .byIndex('namespace', pod.metadata.namespace ?? '')
      .filter((job) => selects(job.spec?.selector, pod.metadata.labels))
      .map(keyOf)
  }

  /** What the spec asks for and this controller does not do is said, once. */
  const telling = jobInformer.onChange({
    added(job) {
      if (job.status?.startTime) return
      for (const field of ['successPolicy', 'backoffLimitPerIndex'] as const)
        if (job.spec?.[field] !== undefined)
          say(job, 'Warning', 'Unsupported', `spec.${field} is not supported and has no effect`)
    },
  })

  const controller = runController({
    ...context,
    name: 'job',
    reconcile,
    shares: [jobInformer, podInformer],
    workers: 8,
    watches: [watch(jobInformer, keyOf), watch(podInformer, jobsOf)],
  })

  return async () => {
    void telling()
    await controller.stop()
  }
}

interface Verdict {
  type: 'Complete' | 'Failed'
  reason: string
  message: string
}

/** The state of a Job: its pods by what became of them, and the status that says so. */
class Tally {
  job: Job
  readonly status: JobStatus
  readonly active: Pod[]
  readonly terminating: Pod[]
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

  /** A pod on its way out counts as failed, unless failed pods alone shall be replaced. */
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

  writeDown(): void {
    const succeeded = [...(this.#uncounted.succeeded ?? [])]
    const failed = [...(this.#uncounted.failed ?? [])]
    for (const pod of this.newlyFinished) {
      const index = indexOf(pod)
      if (pod.status?.phase === 'Succeeded') {
        succeeded.push(uidOf(pod))
        if (index !== undefined && index < (this.job.spec?.completions ?? 0)) this.#completed.add(index)
      } else if (!this.judgement.ignored.has(uidOf(pod))) failed.push(uidOf(pod))
    }
    this.status.uncountedTerminatedPods = {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    }
    // Indexes are not counted but known by name: they can be written down at once.
    if (this.isIndexed && this.#completed.size > 0) this.status.completedIndexes = formatIndexes(this.#completed)
  }

  finishedAndTracked(): Pod[] {
    return this.#claimed.filter((pod) => isTracked(pod) && this.#isFinished(pod))
  }

  /** @param released uids of pods that have just lost their finalizer. */
  countWrittenDown(released: ReadonlySet<string>): void {
    const stillTracked = new Set(this.#claimed.filter((pod) => isTracked(pod) && !released.has(uidOf(pod))).map(uidOf))
    const counted = (uids: readonly string[] = []): string[] => uids.filter((uid) => !stillTracked.has(uid))
    const succeeded = counted(this.#uncounted.succeeded)
    const failed = counted(this.#uncounted.failed)
    this.status.succeeded = this.isIndexed ? this.#completed.size : (this.status.succeeded ?? 0) + succeeded.length
    this.status.failed = (this.status.failed ?? 0) + failed.length
    const without = (uids: readonly string[] | undefined, gone: string[]): string[] | undefined => {
      const kept = uids?.filter((uid) => !gone.includes(uid))
      return kept && kept.length > 0 ? kept : undefined
    }
    const left = {
      succeeded: without(this.#uncounted.succeeded, succeeded),
      failed: without(this.#uncounted.failed, failed),
    }
    this.status.uncountedTerminatedPods = {
      ...(left.succeeded ? { succeeded: left.succeeded } : {}),
      ...(left.failed ? { failed: left.failed } : {}),
    }
  }

  withCurrentNumbers(): this {
    const { status } = this
    status.active = this.active.length
    status.ready = this.active.filter(isPodReady).length
    status.terminating = this.terminating.length
    for (const field of ['active', 'succeeded', 'failed'] as const) if (status[field] === 0) delete status[field]
    return this
  }

  setCondition(
    type: string,
    { reason, message }: { reason: string; message: string },
    now: string,
    state = 'True',
  ): void {
    const present = this.status.conditions?.find((condition) => condition.type === type)
    if (present?.status === state) return
    const condition: JobCondition = {
      type,
      status: state,
      reason,
      message,
      lastProbeTime: now,
      lastTransitionTime: now,
    }
    this.status.conditions = [...(this.status.conditions ?? []).filter((other) => other.type !== type), condition]
  }

  wantedActive(): number {
    const { parallelism = 1, completions } = this.job.spec ?? {}
    const succeeded = this.status.succeeded ?? 0
    // Without a number of completions, the first success means that the work is done: no new pods.
    if (completions === undefined) return succeeded > 0 ? Math.min(this.active.length, parallelism) : parallelism
    return Math.min(parallelism, completions - succeeded)
  }

  /** Pods that are still going while only failed ones may be replaced. */
  replacementsHeldBack(): number {
    return this.#replacesOnlyFailed ? this.terminating.length : 0
  }

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

  /** Failures since the last success push the next pod back. */
  failureDelayLeft(now: number): number {
    const ends = (phase: string): number[] =>
      this.#claimed.filter((pod) => pod.status?.phase === phase).map((pod) => finishTimeOf(pod, now))
    const lastSuccess = Math.max(0, ...ends('Succeeded'))
    const failures = ends('Failed').filter((time) => time > lastSuccess)
    if (failures.length === 0) return 0
    const delay = Math.min(failureDelayMs * 2 ** (failures.length - 1), longestFailureDelayMs)
    return Math.max(0, Math.max(...failures) + delay - now)
  }

  /** Restarts of containers count as failures where the kubelet retries in place. */
  restarts(): number {
    if (this.job.spec?.template?.spec?.restartPolicy !== 'OnFailure') return 0
    const statuses = this.active.flatMap(({ status }) => [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
    ])
    return statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)
  }
}

/** Whether the Job is decided, by an earlier look or by this one. */
function verdictOn(tally: Tally, now: number): Verdict | undefined {
  const { job, status } = tally
  const { reason = '', message = '' } =
    conditionOf(job, 'SuccessCriteriaMet') ?? conditionOf(job, 'FailureTarget') ?? {}
  if (conditionOf(job, 'SuccessCriteriaMet')) return { type: 'Complete', reason, message }
  if (conditionOf(job, 'FailureTarget')) return { type: 'Failed', reason, message }
  if (tally.judgement.failJob) return { type: 'Failed', reason: 'PodFailurePolicy', message: tally.judgement.failJob }
  const { backoffLimit = 6, completions, activeDeadlineSeconds, suspend } = job.spec ?? {}
  const exceeded =
    (status.failed ?? 0) > backoffLimit || (tally.restarts() > Math.max(0, backoffLimit - 1) && tally.restarts() > 0)
  if (exceeded)
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
  if (!suspend && activeDeadlineSeconds !== undefined && deadlineOf(job) <= now)
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
  const succeeded = status.succeeded ?? 0
  const complete = completions === undefined ? succeeded > 0 && tally.active.length === 0 : succeeded >= completions
  return complete
    ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined
}

const deadlineOf = ({ spec, status }: Job): number =>
  status?.startTime && spec?.activeDeadlineSeconds !== undefined
    ? Date.parse(status.startTime) + asNumber(spec.activeDeadlineSeconds) * 1000
    : Infinity

function nextDeadline(job: Job, now: number): Outcome {
  const deadline = deadlineOf(job)
  return deadline === Infinity ? undefined : { requeueAfter: Math.max(1, deadline - now) }
}

const conditionOf = ({ status }: Job, type: string): JobCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')

const uidOf = ({ metadata }: Job | Pod): string => metadata.uid ?? ''

const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false

function trackingJob(pod: Pod): string | undefined {
  const controller = controllerOf(pod)
  return controller?.kind === 'Job' && isTracked(pod) ? `${pod.metadata.namespace ?? ''}/${controller.name}` : undefined
}

function indexOf({ metadata }: Pod): number | undefined {
  const index = metadata.annotations?.[indexName]
  return index === undefined ? undefined : Number(index)
}

function finishTimeOf({ metadata, status }: Pod, now: number): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  const known = ends.filter((time) => !Number.isNaN(time))
  if (known.length > 0) return Math.max(...known)
  return Date.parse(metadata.deletionTimestamp ?? metadata.creationTimestamp ?? '') || now
}

function jobPod(job: Job, index: number | undefined): Pod {
  const pod = podFromTemplate(job.spec?.template, job, controllerReference(job, jobs))
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer]
  if (index === undefined) return pod
  const name = job.metadata.name ?? ''
  pod.metadata.generateName = `${name}-${index}-`
  pod.metadata.annotations = { ...pod.metadata.annotations, [indexName]: String(index) }
  pod.metadata.labels = { ...pod.metadata.labels, [indexName]: String(index) }
  return { ...pod, spec: pod.spec && indexedSpec(pod.spec, `${name}-${index}`) }
}

/** A pod of an Indexed Job knows its index by its host name and by an environment variable. */
function indexedSpec(spec: PodSpec, hostname: string): PodSpec {
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexName}']` } },
  }
  const withIndex = <C extends { env?: { name: string }[] }>(container: C): C =>
    container.env?.some(({ name }) => name === variable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] }
  return {
    ...spec,
    hostname: spec.hostname ?? hostname,
    containers: spec.containers.map(withIndex),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(withIndex) } : {}),
  }
}
