import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { isAlreadyExists, isAnotherObject, isNamespaceTerminating, isNotFound } from '#shared/kube/error-kinds.ts'
import type { CronJob, CronJobStatus, Job, ObjectReference } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { cronJobs, jobs } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerOf, dependentsOf, indexByController, isControlledBy } from '#shared/reconcile/ownership.ts'
import { decide, type Decision } from './decide.ts'
import { jobOfRun, withRun } from './run.ts'
import { withoutEmptyList } from './status.ts'

/**
 * Reconciles CronJobs: decides (decide.ts), makes room and starts the run that is due, deletes old Jobs, writes the
 * status. A Job's name follows from its time: a crash before the status is written starts no run twice.
 */
export function startCronJobs(context: ControllerContext): Stop {
  const { client, clock } = context
  const log = context.log.child({ controller: 'cronjob' })
  const recorder = createEventRecorder({ client, clock, log, component: 'cronjob-controller' })
  const cronJobInformer = context.informers.share(cronJobs)
  const jobInformer = context.informers.share(jobs)
  indexByController(jobInformer)

  async function reconcile(key: string): Promise<Outcome> {
    const cronJob = cronJobInformer.get(key)
    if (!cronJob) return undefined
    const owned = dependentsOf(jobInformer, cronJob)
    const gone = await goneJobs(cronJob, owned)
    const decision = decide({ cronJob, jobs: owned, gone, now: clock.now() })
    await carryOut(cronJob, decision)
    return decision.requeueAfter === undefined ? undefined : { requeueAfter: decision.requeueAfter }
  }

  /** Uids of active Jobs that are gone, which is asked of the server itself: the cache of Jobs may lag behind. */
  async function goneJobs(cronJob: CronJob, owned: readonly Job[]): Promise<Set<string>> {
    const present = new Set(owned.map(({ metadata }) => metadata.uid))
    const absent = (cronJob.status?.active ?? []).filter(({ uid }) => !present.has(uid))
    const live = await Promise.all(absent.map((reference) => liveJob(cronJob, reference.name ?? '')))
    return new Set(absent.filter(({ uid }, i) => live[i]?.metadata.uid !== uid).map(({ uid = '' }) => uid))
  }

  async function liveJob({ metadata }: CronJob, name: string): Promise<Job | undefined> {
    try {
      return await client.get(jobs, { namespace: metadata.namespace, name })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** What has been done reaches the status even where a later step fails. */
  async function carryOut(
    cronJob: Stored<CronJob>,
    { events, replace, run, expired, status }: Decision,
  ): Promise<void> {
    for (const { type, reason, message } of events) record(cronJob, type, reason, message)
    let reached = status
    try {
      for (const reference of replace) {
        await deleteJob(cronJob, reference)
        reached = { ...reached, active: (reached.active ?? []).filter(({ uid }) => uid !== reference.uid) }
      }
      const job = run === undefined ? undefined : await startRun(cronJob, run)
      if (job && run !== undefined) reached = withRun(reached, job, run)
      for (const { metadata } of expired) await deleteJob(cronJob, metadata)
    } finally {
      await writeStatus(cronJob, withoutEmptyList(reached))
    }
  }

  /** @returns the Job of the run; undefined where somebody else has taken its name, or the namespace is going */
  async function startRun(cronJob: Stored<CronJob>, time: number): Promise<Job | undefined> {
    const job = jobOfRun(cronJob, time)
    try {
      const created = await client.create(jobs, job)
      record(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${created.metadata.name}`)
      await jobInformer.caughtUp(created)
      return created
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined
      if (!isAlreadyExists(error)) {
        record(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`)
        throw error
      }
      const present = await liveJob(cronJob, job.metadata.name)
      return present && isControlledBy(present, cronJob) ? present : undefined
    }
  }

  async function deleteJob(
    cronJob: Stored<CronJob>,
    { name = '', uid = '' }: Pick<ObjectReference, 'name' | 'uid'>,
  ): Promise<void> {
    const ref = { namespace: cronJob.metadata.namespace, name }
    try {
      await client.delete(jobs, ref, { propagationPolicy: 'Background', preconditions: { uid } })
      record(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
    } catch (error) {
      if (isNotFound(error) || isAnotherObject(error)) return
      record(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`)
      throw error
    }
    const isLeaving = (seen: Job | undefined): boolean =>
      seen?.metadata.uid !== uid || seen.metadata.deletionTimestamp !== undefined
    await jobInformer.until(keyOf({ metadata: ref }), isLeaving)
  }

  async function writeStatus(cronJob: Stored<CronJob>, status: CronJobStatus): Promise<void> {
    if (jsonEqual(status, cronJob.status ?? {})) return
    await cronJobInformer.caughtUp(await client.updateStatus(cronJobs, { ...cronJob, status }))
  }

  const record = (cronJob: Stored<CronJob>, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.event(withType(cronJobs, cronJob), type, reason, message)

  const controller = runController({
    ...context,
    name: 'cronjob',
    reconcile,
    shares: [cronJobInformer, jobInformer],
    workers: 5,
    watches: [watch(cronJobInformer, keyOf), watch(jobInformer, cronJobOf)],
  })
  return () => controller.stop()
}

/** The key of the CronJob that controls a Job. */
function cronJobOf(job: Stored<Job>): string | undefined {
  const controller = controllerOf(job)
  return controller?.kind === 'CronJob' ? `${job.metadata.namespace}/${controller.name}` : undefined
}
