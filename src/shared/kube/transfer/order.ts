import type { KubeObject } from '../object.ts'

/**
 * Sorts as objects are applied: the namespace, what pods read and who they are, objects of kinds that this list does not
 * know, what leads to pods and limits them, and the workloads last, so that they start with all they need.
 */
export const inPromoteOrder = <T extends { body: KubeObject }>(planned: readonly T[]): T[] =>
  [...planned].sort((a, b) => rankOf(a.body) - rankOf(b.body) || nameOf(a.body).localeCompare(nameOf(b.body)))

const first = [
  'Namespace',
  'LimitRange',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
]
const last = [
  'NetworkPolicy',
  'Service',
  'PodDisruptionBudget',
  'Ingress',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'DaemonSet',
  'Deployment',
  'ReplicationController',
  'ReplicaSet',
  'CronJob',
  'Job',
  'Pod',
]

function rankOf({ kind = '' }: KubeObject): number {
  const early = first.indexOf(kind)
  return early >= 0 ? early : first.length + 1 + last.indexOf(kind)
}
const nameOf = ({ kind = '', metadata: { name = '' } }: KubeObject): string => `${kind}/${name}`
