import type { Job, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { jobs } from '#shared/kube/resources.ts'
import { controllerOf, controllerReference } from '#shared/reconcile/ownership.ts'

/** Keeps a finished pod until the Job has counted it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
const indexName = 'batch.kubernetes.io/job-completion-index'

export const uidOf = ({ metadata }: Job | Pod): string => metadata.uid ?? ''

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false

/** The key of the Job that a tracked pod belongs to. */
export function trackingJob(pod: Pod): string | undefined {
  const controller = controllerOf(pod)
  return controller?.kind === 'Job' && isTracked(pod) ? `${pod.metadata.namespace ?? ''}/${controller.name}` : undefined
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

/** A new pod of the Job. @param index of an Indexed Job's pod */
export function jobPod(job: Job, index: number | undefined): Pod {
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
