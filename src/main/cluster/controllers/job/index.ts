import type { Stop } from '#shared/base/disposable.ts'
import { waitForAll } from '#shared/base/wait-for-all.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { isConditionTrue } from '#shared/kube/conditions.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Job, JobStatus, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { jobs, pods } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { claim, controllerOf, dependentsOf, indexByController, workloadsOf } from '#shared/reconcile/ownership.ts'
import { createPodControl } from '#shared/reconcile/pod-control.ts'
import { decide, type JobEvent } from './decide.ts'
import { isTracked, jobPod, trackingFinalizer, trackingJob, uidOf } from './pods.ts'
import { Tally } from './tally.ts'

/**
 * Reconciles Jobs: counts finished pods (tally.ts), decides (decide.ts), writes the status, then deletes and creates
 * pods. Counting survives a crash between any two writes; everything else is decided anew.
 */
export function startJobs(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'job', 'job-controller')
  const jobInformer = context.informers.share(jobs)
  const podInformer = context.informers.share(pods)
  indexByController(podInformer)
  podInformer.addIndex('tracked-by-job', trackingJob)
  const podControl = createPodControl({ client, resource: jobs, informer: podInformer, recorder })

  async function reconcile(key: string): Promise<Outcome> {
    const job = jobInformer.get(key)
    await releaseStrangers(key, job)
    if (!job || isManagedElsewhere(job)) return undefined
    if (job.metadata.deletionTimestamp || isFinished(job)) {
      await waitForAll(dependentsOf(podInformer, job).filter(isTracked).map(dropFinalizer))
      return undefined
    }
    const claimed = await claim({
      client,
      owner: job,
      ownerResource: jobs,
      resource: pods,
      informer: podInformer,
      selected: (pod) => selects(job.spec?.selector, pod.metadata.labels),
      finalizer: trackingFinalizer,
    })
    const tally = await count(new Tally(job, claimed, clock.now()))
    return carryOut(tally)
  }

  async function count(tally: Tally): Promise<Tally> {
    tally.noteFinished(clock.now())
    tally.job = await writeStatus(tally.job, tally.status)
    const finished = tally.finishedAndTracked()
    await waitForAll(finished.map(dropFinalizer))
    tally.countNoted(new Set(finished.map(uidOf)))
    return tally
  }

  async function carryOut(tally: Tally): Promise<Outcome> {
    const { status, events, release, remove, create, requeueAfter } = decide(tally, clock.now())
    const job = await writeStatus(tally.job, status)
    for (const event of events) record(job, event)
    await waitForAll(release.map(dropFinalizer))
    const deleted = await podControl.delete(job, remove)
    if (deleted.error) throw deleted.error
    const created = await podControl.create(job, create.length, (turn) => jobPod(job, create[turn] ?? {}))
    if (created.error) throw created.error
    return requeueAfter === undefined ? undefined : { requeueAfter }
  }

  async function writeStatus(job: Stored<Job>, status: JobStatus): Promise<Stored<Job>> {
    if (jsonEqual(status, job.status)) return job
    const written = await client.updateStatus(jobs, { ...job, status: structuredClone(status) })
    await jobInformer.caughtUp(written)
    return written
  }

  async function dropFinalizer(pod: Stored<Pod>): Promise<void> {
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

  /** Pods whose Job is gone, though another of its name may be there, are counted by nobody. */
  const releaseStrangers = (key: string, job: Job | undefined): Promise<void> => {
    const isStranger = (pod: Pod): boolean => {
      const controller = controllerOf(pod)
      // An orphan may be adopted, as long as its Job stays.
      return controller ? controller.uid !== job?.metadata.uid : !job || job.metadata.deletionTimestamp !== undefined
    }
    return waitForAll(podInformer.byIndex('tracked-by-job', key).filter(isStranger).map(dropFinalizer))
  }

  const record = (job: Stored<Job>, { type, reason, message }: JobEvent): void =>
    recorder.event(withType(jobs, job), type, reason, message)

  const jobsOf = workloadsOf({ informer: jobInformer, resource: jobs, selectorOf: ({ spec }) => spec?.selector })
  const controller = runController({
    ...context,
    name: 'job',
    reconcile,
    shares: [jobInformer, podInformer],
    workers: 8,
    watches: [
      watch(jobInformer, keyOf),
      watch(podInformer, (pod) => {
        const tracking = trackingJob(pod)
        return tracking === undefined ? jobsOf(pod) : [...jobsOf(pod), tracking]
      }),
    ],
  })

  return () => controller.stop()
}

const isFinished = ({ status }: Job): boolean =>
  isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed')

/** A Job whose managedBy names another controller is left to that one. */
const isManagedElsewhere = ({ spec }: Job): boolean =>
  spec?.managedBy !== undefined && spec.managedBy !== 'kubernetes.io/job-controller'
