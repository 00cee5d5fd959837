import { describe } from 'vitest'
import type { Job, JobStatus, Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { goldenNow, goldenPairs } from '#test/support/golden.ts'
import { decide } from './decide.ts'
import { jobPod, uidOf } from './pods.ts'
import { Tally } from './tally.ts'
import { stored } from '#test/support/stored.ts'

/** A Job and its pods in; the steps of one reconcile out. */
describe('a decision about a Job', () => {
  goldenPairs(`${import.meta.dirname}/testdata`, (objects) => {
    const of = <T extends KubeObject>(kind: string): Stored<T>[] =>
      objects.filter((each) => each.kind === kind).map((each) => stored(each as T))
    const [job] = of<Job>('Job')
    if (!job) throw new Error('no Job in the input')
    const tally = new Tally(job, of<Pod>('Pod'), goldenNow)
    tally.noteFinished(goldenNow)
    const noted: JobStatus = structuredClone(tally.status)
    tally.job = { ...job, status: noted }
    const finished = tally.finishedAndTracked()
    tally.countNoted(new Set(finished.map(uidOf)))
    const { status, events, release, remove, create, requeueAfter } = decide(tally, goldenNow)
    return {
      noted,
      released: finished.map(({ metadata }) => metadata.name),
      status,
      events,
      release: release.map(({ metadata }) => metadata.name),
      remove: remove.map(({ metadata }) => metadata.name),
      create: create.map(({ index }) => index ?? 'pod'),
      ...(create[0] ? { firstPod: jobPod(job, create[0]) } : {}),
      requeueAfter,
    }
  })
})
