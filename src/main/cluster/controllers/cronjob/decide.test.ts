import { describe } from 'vitest'
import type { CronJob, Job } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { goldenNow, goldenPairs } from '#test/support/golden.ts'
import { stored } from '#test/support/stored.ts'
import { decide } from './decide.ts'
import { jobOfRun } from './run.ts'

/** A CronJob and its Jobs in; the steps of one reconcile out, with the Job that it starts. */
describe('a decision about a CronJob', () => {
  goldenPairs(`${import.meta.dirname}/testdata`, (objects) => {
    const of = <T extends KubeObject>(kind: string): Stored<T>[] =>
      objects.filter((each) => each.kind === kind).map((each) => stored(each as T))
    const [cronJob] = of<CronJob>('CronJob')
    if (!cronJob) throw new Error('no CronJob in the input')
    const jobs = of<Job>('Job')
    const present = new Set(jobs.map(({ metadata }) => metadata.uid))
    const gone = new Set(cronJob.status?.active?.map(({ uid = '' }) => uid).filter((uid) => !present.has(uid)))
    const { run, replace, expired, ...rest } = decide({ cronJob, jobs, gone, now: goldenNow })
    return {
      ...rest,
      replace: replace.map(({ name }) => name),
      expired: expired.map(({ metadata }) => metadata.name),
      ...(run === undefined ? {} : { job: jobOfRun(cronJob, run) }),
    }
  })
})
