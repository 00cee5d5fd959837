import type { Job, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Judgement } from '#shared/reconcile/pod-failure-policy.ts'
import { failureDelayLeft, finishTimeOf, indexOf, uidOf } from './pods.ts'

/**
 * How often an index has failed, which its pods hand on from one to the next in annotations: counted failures, and those
 * that the podFailurePolicy ignores.
 */
export interface IndexFailures {
  counted: number
  ignored: number
}

const countedName = 'batch.kubernetes.io/job-index-failure-count'
const ignoredName = 'batch.kubernetes.io/job-index-ignored-failure-count'

export const isLimitedPerIndex = ({ spec }: Job): boolean => spec?.backoffLimitPerIndex !== undefined

/** The failures before `pod`. */
export const failuresBefore = ({ metadata }: Pod): IndexFailures => ({
  counted: Number(metadata.annotations?.[countedName] ?? 0),
  ignored: Number(metadata.annotations?.[ignoredName] ?? 0),
})

/** The failures up to and with the failed pod `pod`; none where an index has its first pod. */
export function failuresAfter(pod: Stored<Pod> | undefined, judgement: Judgement): IndexFailures {
  if (!pod) return { counted: 0, ignored: 0 }
  const { counted, ignored } = failuresBefore(pod)
  return judgement.ignored.has(uidOf(pod)) ? { counted, ignored: ignored + 1 } : { counted: counted + 1, ignored }
}

/** The annotations of a pod whose index has failed so often before. */
export const failureAnnotations = ({ counted, ignored }: IndexFailures): Record<string, string> => ({
  [countedName]: String(counted),
  ...(ignored > 0 ? { [ignoredName]: String(ignored) } : {}),
})

/** Whether the failed pod `pod` ends its index: by a FailIndex rule, or beyond backoffLimitPerIndex. */
export function endsIndex(pod: Stored<Pod>, { spec }: Job, judgement: Judgement): boolean {
  if (judgement.failIndex.has(uidOf(pod))) return true
  return !judgement.ignored.has(uidOf(pod)) && failuresBefore(pod).counted >= (spec?.backoffLimitPerIndex ?? Infinity)
}

/**
 * The last failed pod of each index in `failed`. Such a pod keeps its finalizer, and is not counted, until it is replaced:
 * its successor learns from it how often the index has failed.
 */
export function lastFailures(failed: readonly Stored<Pod>[], now: number): Map<number, Stored<Pod>> {
  const last = new Map<number, Stored<Pod>>()
  for (const pod of failed) {
    const index = indexOf(pod)
    if (index === undefined) continue
    const known = last.get(index)
    if (!known || isLater(pod, known, now)) last.set(index, pod)
  }
  return last
}

const total = (pod: Pod): number => failuresBefore(pod).counted + failuresBefore(pod).ignored

const isLater = (pod: Pod, other: Pod, now: number): boolean =>
  total(pod) === total(other) ? finishTimeOf(pod, now) >= finishTimeOf(other, now) : total(pod) > total(other)

/** How long an index waits for its next pod after the failed `pod`, ms. */
export const indexDelayLeft = (pod: Pod | undefined, now: number): number =>
  pod ? failureDelayLeft(total(pod) + 1, finishTimeOf(pod, now), now) : 0
