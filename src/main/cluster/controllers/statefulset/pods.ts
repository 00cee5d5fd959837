import type { ControllerRevision, Pod, PodTemplateSpec, StatefulSet, Volume } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { isPodAvailable, isPodReady } from '#shared/kube/pod.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { statefulSets } from '#shared/kube/resources.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'
import { revisionHashLabel } from '#shared/reconcile/revisions.ts'
import { claimName } from './claims.ts'

export const podNameLabel = 'statefulset.kubernetes.io/pod-name'
export const podIndexLabel = 'apps.kubernetes.io/pod-index'

export const podName = (set: Stored<StatefulSet>, ordinal: number): string => `${set.metadata.name}-${ordinal}`

/**
 * The ordinal of a pod by its name; undefined when the name is not one that the set gives. `web-01` is none: it would
 * be a second pod with the identity of `web-1`.
 */
export function ordinalOf(set: Stored<StatefulSet>, { metadata }: Stored<Pod>): number | undefined {
  const name = metadata.name
  const ordinal = Number(name.slice(name.lastIndexOf('-') + 1))
  return ordinal <= maxOrdinal && name === podName(set, ordinal) ? ordinal : undefined
}

/** Ordinals are 32-bit integers. */
const maxOrdinal = 2 ** 31 - 1

/** The ordinals that the set asks for: from `start` up to, and without, `end`. */
export function ordinalRange({ spec }: StatefulSet): { start: number; end: number } {
  const start = spec?.ordinals?.start ?? 0
  return { start, end: start + (spec?.replicas ?? 1) }
}

export const isInRange = (set: StatefulSet, ordinal: number): boolean => {
  const { start, end } = ordinalRange(set)
  return ordinal >= start && ordinal < end
}

/** The pod of an ordinal as the template of `revision` makes it. */
export function podOfRevision(
  set: Stored<StatefulSet>,
  revision: Stored<ControllerRevision>,
  ordinal: number,
): Pod & Named {
  const name = podName(set, ordinal)
  const made = podFromTemplate(templateOf(revision), set, controllerReference(set, statefulSets), name)
  const pod = { ...made, metadata: { ...made.metadata, name } }
  // Kubernetes sets it beside the name; `kubectl get -o yaml` shows it.
  pod.metadata.generateName = `${set.metadata.name}-`
  pod.metadata.labels = { ...pod.metadata.labels, [revisionHashLabel]: revision.metadata.name }
  return withStorage(set, withIdentity(pod, ordinal, set.spec?.serviceName), ordinal)
}

/** The template that a revision keeps: a patch that replaces the template as a whole. */
function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = data as { spec: { template: PodTemplateSpec & { $patch?: string } } }
  const { $patch: _, ...template } = spec.template
  return template
}

function withIdentity(pod: Pod & Named, ordinal: number, subdomain: string | undefined): Pod & Named {
  const { name } = pod.metadata
  return {
    ...withIdentityLabels(pod, ordinal),
    spec: { containers: [], ...pod.spec, hostname: name, ...(subdomain ? { subdomain } : {}) },
  }
}

export const withIdentityLabels = (pod: Pod & Named, ordinal: number): Pod & Named => ({
  ...pod,
  metadata: {
    ...pod.metadata,
    labels: {
      ...pod.metadata.labels,
      [podNameLabel]: pod.metadata.name,
      [podIndexLabel]: String(ordinal),
    },
  },
})

export const hasIdentity = ({ metadata }: Pod): boolean => metadata.labels?.[podNameLabel] === metadata.name

/** The pod with a volume for every claim template, in place of the volumes of those names. */
export function withStorage(set: Stored<StatefulSet>, pod: Pod & Named, ordinal: number): Pod & Named {
  const claimed = claimVolumes(set, ordinal)
  if (claimed.length === 0) return pod
  const names = new Set(claimed.map(({ name }) => name))
  const others = (pod.spec?.volumes ?? []).filter(({ name }) => !names.has(name))
  return { ...pod, spec: { containers: [], ...pod.spec, volumes: [...claimed, ...others] } }
}

export function hasStorage(set: Stored<StatefulSet>, pod: Pod, ordinal: number): boolean {
  const present = pod.spec?.volumes ?? []
  return claimVolumes(set, ordinal).every(({ name, persistentVolumeClaim }) =>
    present.some(
      (volume) => volume.name === name && volume.persistentVolumeClaim?.claimName === persistentVolumeClaim?.claimName,
    ),
  )
}

const claimVolumes = (set: Stored<StatefulSet>, ordinal: number): Volume[] =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }))

export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[revisionHashLabel] ?? ''

export const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod)

export const isRunningAndAvailable = ({ spec }: StatefulSet, pod: Pod, now: number): boolean =>
  isRunningAndReady(pod) && isPodAvailable(pod, spec?.minReadySeconds ?? 0, now)

/** Not available, or not for long: what an update counts against its bound. */
export const isUnavailable = (set: StatefulSet, pod: Pod, now: number): boolean =>
  !isRunningAndAvailable(set, pod, now) || isTerminating(pod)
