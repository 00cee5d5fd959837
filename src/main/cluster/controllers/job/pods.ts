import type { Job, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { isPodReady, readySince } from '#shared/kube/pod.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { jobs } from '#shared/kube/resources.ts'
import { controllerOf, controllerReference } from '#shared/reconcile/ownership.ts'

/** Keeps a finished pod until the Job has counted it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
const indexName = 'batch.kubernetes.io/job-completion-index'

export const uidOf = ({ metadata }: Stored<Job> | Stored<Pod>): string => metadata.uid

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false

const nameLabel = 'batch.kubernetes.io/job-name'

/** The key of the Job that a tracked pod belongs to, or did before it was orphaned. */
export function trackingJob(pod: Stored<Pod>): string | undefined {
  if (!isTracked(pod)) return undefined
  const controller = controllerOf(pod)
  if (controller && controller.kind !== 'Job') return undefined
  const name = controller?.name ?? pod.metadata.labels?.[nameLabel]
  return name === undefined ? undefined : `${pod.metadata.namespace}/${name}`
}

/** The completion index of a pod of an Indexed Job. */
export function indexOf({ metadata }: Pod): number | undefined {
  const index = metadata.annotations?.[indexName]
  return index === undefined ? undefined : Number(index)
}

/** When the last container ended, ms; where none says so, when the pod was deleted or made. */
export function finishTimeOf({ metadata, status }: Pod, now: number): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  const known = ends.filter((time) => !Number.isNaN(time))
  if (known.length > 0) return Math.max(...known)
  return Date.parse(metadata.deletionTimestamp ?? metadata.creationTimestamp ?? '') || now
}

/** Pods of a failing Job are replaced after 10 s, 20 s, 40 s … up to 10 min. */
const failureDelayMs = 10_000
const longestFailureDelayMs = 600_000

/** How long the next pod waits after `failures` in a row, the last at `lastTime`, ms. */
export function failureDelayLeft(failures: number, lastTime: number, now: number): number {
  if (failures === 0) return 0
  const delay = Math.min(failureDelayMs * 2 ** (failures - 1), longestFailureDelayMs)
  return Math.max(0, lastTime + delay - now)
}

/** What a new pod is for. */
export interface NewPod {
  /** The completion index, where the Job is Indexed. */
  index?: number
  /** Annotations that tell of the failures of the index so far, where it has a back-off limit of its own. */
  annotations?: Record<string, string>
}

export function jobPod(job: Stored<Job>, { index, annotations }: NewPod): Pod {
  const pod = podFromTemplate(job.spec?.template, job, controllerReference(job, jobs))
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer]
  if (index === undefined) return pod
  const name = job.metadata.name
  pod.metadata.generateName = `${name}-${index}-`
  pod.metadata.annotations = { ...pod.metadata.annotations, [indexName]: String(index), ...annotations }
  pod.metadata.labels = { ...pod.metadata.labels, [indexName]: String(index) }
  return pod.spec ? { ...pod, spec: indexedSpec(pod.spec, `${name}-${index}`) } : pod
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

/**
 * The order in which a Job deletes active pods, that of `controller.ActivePods` in Kubernetes: unassigned before assigned,
 * pending before running, not ready before ready, ready for a short time before long, often restarted before seldom, young
 * before old.
 */
export function byDeletionOrder(a: Pod, b: Pod): number {
  return (
    Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName)) ||
    phaseOrder(a) - phaseOrder(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    (isPodReady(a) && isPodReady(b) ? readySince(b) - readySince(a) : 0) ||
    mostRestarts(b) - mostRestarts(a) ||
    (Date.parse(b.metadata.creationTimestamp ?? '') || 0) - (Date.parse(a.metadata.creationTimestamp ?? '') || 0)
  )
}

const phaseOrder = ({ status }: Pod): number => (status?.phase === 'Running' ? 2 : status?.phase === 'Unknown' ? 1 : 0)

const mostRestarts = ({ status }: Pod): number =>
  Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
