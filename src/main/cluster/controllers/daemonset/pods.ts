import type { DaemonSet, Pod, PodSpec, Toleration } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { isPodAvailable } from '#shared/kube/pod.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { daemonSets } from '#shared/kube/resources.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'
import { revisionHashLabel } from '#shared/reconcile/revisions.ts'

/** A new pod for a node: pinned to it by a field that only the scheduler's affinity can match, and scheduled as any. */
export function daemonPod(set: Stored<DaemonSet>, node: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec?.template, set, controllerReference(set, daemonSets))
  const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation']
  pod.metadata.labels = {
    ...pod.metadata.labels,
    [revisionHashLabel]: hash,
    // The label of the first API version, which clients still select by (daemon/util CreatePodTemplate of Kubernetes).
    ...(generation ? { 'pod-template-generation': generation } : {}),
  }
  const spec = withTolerations(pod.spec)
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }
  return {
    ...pod,
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...spec.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
        },
      },
    },
  }
}

/** The node that a pod is on, or is made for. */
export const targetOf = ({ spec }: Pod): string | undefined =>
  spec?.nodeName ??
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
    .flatMap(({ matchFields }) => matchFields ?? [])
    .find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values?.[0]

/** The tolerations that the controller adds: a daemon often is what brings the node back that drives other pods off. */
export function withTolerations(spec: PodSpec | undefined): PodSpec {
  const standard: [key: string, effect: string][] = [
    ['node.kubernetes.io/not-ready', 'NoExecute'],
    ['node.kubernetes.io/unreachable', 'NoExecute'],
    ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
    ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
    ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
    ['node.kubernetes.io/unschedulable', 'NoSchedule'],
  ]
  if (spec?.hostNetwork) standard.push(['node.kubernetes.io/network-unavailable', 'NoSchedule'])
  const present = spec?.tolerations ?? []
  const isThere = (added: Toleration): boolean => present.some((toleration) => jsonEqual(toleration, added))
  const added = standard.map(([key, effect]): Toleration => ({ key, operator: 'Exists', effect }))
  return { containers: [], ...spec, tolerations: [...present, ...added.filter((toleration) => !isThere(toleration))] }
}

export const isStaying = ({ metadata }: Pod): boolean => !metadata.deletionTimestamp

/** Pods that have their node first, then the oldest (podByCreationTimestampAndPhase of Kubernetes). */
export const byAge = (a: Stored<Pod>, b: Stored<Pod>): number =>
  Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName)) ||
  compare(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
  compare(a.metadata.name, b.metadata.name)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const isOfRevision = ({ metadata }: Pod, hash: string): boolean => metadata.labels?.[revisionHashLabel] === hash

export const isAvailable = (set: DaemonSet, pod: Pod, now: number): boolean =>
  isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now)
