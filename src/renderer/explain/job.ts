import type { CronJob, Job, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { t } from '../texts/index.ts'
import { newest } from './events.ts'
import { endText } from './exit.ts'
import type { Explanation, Surroundings, Try } from './explanation.ts'
import { explainPod } from './pod.ts'
import { refused } from './workload.ts'

/** Why a Job failed or does not get on; undefined for one that runs or has completed. */
export function explainJob(job: Job, near: Surroundings): Explanation | undefined {
  const condition = (type: string) =>
    job.status?.conditions?.find((each) => each.type === type && each.status === 'True')
  const { name = '' } = job.metadata
  const failed = condition('Failed') ?? condition('FailureTarget')
  if (failed) {
    const key = failedTexts[failed.reason ?? ''] ?? 'failed'
    const pod = failedPod(job, near)
    return {
      tone: 'bad',
      state: failed.reason ?? 'Failed',
      sentence: t(`explain.job.${key}`, {
        name,
        n: (job.spec?.backoffLimit ?? 6) + 1,
        seconds: String(job.spec?.activeDeadlineSeconds ?? ''),
      }),
      why: pod ? [lastRunText(pod)] : [],
      said: failed.message,
      tries: [
        ...(pod ? [podTry(pod)] : []),
        { text: t('explain.crash.tryLogs'), action: 'logs' },
        { text: t('explain.job.tryAgain') },
      ],
    }
  }
  if (condition('Complete')) return undefined
  if (job.spec?.suspend)
    return {
      tone: 'quiet',
      state: 'Suspended',
      sentence: t('explain.job.suspended', { name }),
      why: [],
      tries: [{ text: t('explain.job.tryResume'), action: 'resume' }],
    }
  const event = newest(near.events, 'FailedCreate')
  if (event && !job.status?.active) return refused(event.message ?? '', event.reason)
  const pods = podsOf(job, near)
  for (const pod of pods.filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')) {
    const events = (near.ownedEvents ?? []).filter(({ involvedObject }) => involvedObject.uid === pod.metadata.uid)
    const found = explainPod(pod, { ...near, events })
    if (found && (found.tone === 'bad' || found.state === 'Unschedulable'))
      return {
        ...found,
        log: undefined,
        sentence: t('explain.job.waits', { name, why: found.sentence }),
        tries: [podTry(pod), ...found.tries.filter(({ link }) => link)],
      }
  }
  const attempts = job.status?.failed ?? 0
  if (attempts === 0) return undefined
  const pod = failedPod(job, near)
  return {
    tone: 'warn',
    state: 'Running',
    sentence: t('explain.job.retries', { n: attempts, limit: job.spec?.backoffLimit ?? 6 }),
    why: pod ? [lastRunText(pod)] : [],
    tries: [...(pod ? [podTry(pod)] : []), { text: t('explain.crash.tryLogs'), action: 'logs' }],
  }
}

/** Reasons of a Job's failure (batch/v1). */
const failedTexts: Record<string, 'backoff' | 'deadline' | 'policy' | 'indexes'> = {
  BackoffLimitExceeded: 'backoff',
  DeadlineExceeded: 'deadline',
  PodFailurePolicy: 'policy',
  FailedIndexes: 'indexes',
  MaxFailedIndexesExceeded: 'indexes',
}

/** Why a CronJob starts nothing. */
export function explainCronJob(cronJob: CronJob, near: Surroundings): Explanation | undefined {
  const { name = '' } = cronJob.metadata
  const failed = newest(near.events, 'FailedCreate', 'UnparseableSchedule', 'InvalidSchedule', 'UnknownTimeZone')
  if (failed && failed.reason !== 'FailedCreate')
    return {
      tone: 'bad',
      state: failed.reason ?? '',
      sentence: t('explain.cron.schedule', { schedule: cronJob.spec?.schedule ?? '' }),
      why: [],
      said: failed.message,
      tries: [{ text: t('explain.cron.trySchedule'), action: 'edit' }],
    }
  if (cronJob.spec?.suspend)
    return {
      tone: 'quiet',
      state: 'Suspended',
      sentence: t('explain.cron.suspended', { name }),
      why: [],
      tries: [{ text: t('explain.cron.tryResume'), action: 'resume' }],
    }
  if (failed) return refused(failed.message ?? '', failed.reason)
  const missed = newest(near.events, 'TooManyMissedTimes', 'MissSchedule')
  if (!missed) return undefined
  return {
    tone: 'warn',
    state: missed.reason ?? '',
    sentence: t('explain.cron.missed', { name }),
    why: [],
    said: missed.message,
    tries: [{ text: t('explain.cron.tryDeadline'), action: 'edit' }],
  }
}

const podsOf = (job: Job, { pods = [] }: Surroundings): Stored<Pod>[] =>
  pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid))

const failedPod = (job: Job, near: Surroundings): Stored<Pod> | undefined =>
  podsOf(job, near)
    .filter(({ status }) => status?.phase === 'Failed')
    .sort((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))[0]

function lastRunText(pod: Stored<Pod>): string {
  const failed = pod.status?.containerStatuses?.find(
    ({ state }) => state?.terminated && state.terminated.exitCode !== 0,
  )
  const end = failed?.state?.terminated
  return end && failed
    ? t('explain.job.lastRun', { pod: pod.metadata.name, container: failed.name, end: endText(end) })
    : t('explain.job.lastPod', { pod: pod.metadata.name, reason: pod.status?.reason ?? 'Failed' })
}

const podTry = ({ metadata: { name, namespace } }: Stored<Pod>): Try => ({
  text: t('explain.workload.tryPod', { name }),
  link: { kind: 'Pod', name, namespace },
})
