import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Job } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jobs } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/** Deletes finished Jobs with their pods after ttlSecondsAfterFinished. */
export function startTtlAfterFinished(context: ControllerContext): Stop {
  const { client, clock } = context
  const jobInformer = context.informers.share(jobs)

  async function reconcile(key: string): Promise<Outcome> {
    const job = jobInformer.get(key)
    const expiry = job && !job.metadata.deletionTimestamp ? expiryOf(job) : undefined
    if (!job || expiry === undefined) return undefined
    if (expiry > clock.now()) return { requeueAfter: expiry - clock.now() }
    await expire(job)
    return undefined
  }

  /** Deletes by the live object: its time to live may have been extended meanwhile. */
  async function expire(job: Stored<Job>): Promise<void> {
    try {
      const live = await client.get(jobs, refOf(job))
      if ((expiryOf(live) ?? Infinity) > clock.now()) return
      await client.delete(jobs, refOf(job), {
        propagationPolicy: 'Foreground',
        preconditions: { uid: job.metadata.uid },
      })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  const controller = runController({
    ...context,
    name: 'ttl-after-finished',
    reconcile,
    shares: [jobInformer],
    watches: [watch(jobInformer, keyOf)],
  })

  return () => controller.stop()
}

/** When the Job expires, ms; undefined while it runs or where it has no limit. */
function expiryOf({ spec, status }: Job): number | undefined {
  const ttl = spec?.ttlSecondsAfterFinished
  const finished = status?.conditions?.find(
    ({ type, status: state }) => ['Complete', 'Failed'].includes(type) && state === 'True',
  )
  if (ttl === undefined || !finished?.lastTransitionTime) return undefined
  return Date.parse(finished.lastTransitionTime) + ttl * 1000
}
