import type { KindDescriptor } from './descriptor.ts'
import { clusterRole, clusterRoleBinding, role, roleBinding } from './access.ts'
import { event, namespace, node } from './cluster.ts'
import { configMap, lease, secret, serviceAccount } from './config.ts'
import { endpoint, endpointSlice, service } from './network.ts'
import { pod } from './pod.ts'
import { persistentVolume, persistentVolumeClaim, storageClass } from './storage.ts'
import { daemonSet, deployment, job, replicaSet } from './workloads.ts'

/** Every kind that has a page, in the order of the sidebar. */
export const kinds: readonly KindDescriptor[] = [
  pod,
  deployment,
  replicaSet,
  daemonSet,
  job,
  service,
  endpoint,
  endpointSlice,
  configMap,
  secret,
  persistentVolumeClaim,
  persistentVolume,
  storageClass,
  serviceAccount,
  role,
  roleBinding,
  clusterRole,
  clusterRoleBinding,
  node,
  namespace,
  event,
  lease,
]

export const kindOf = (plural: string): KindDescriptor | undefined =>
  kinds.find(({ resource }) => resource.plural === plural)
/** The page of the kind that an owner or an event names. */
export const kindNamed = (kind: string): KindDescriptor | undefined =>
  kinds.find(({ resource }) => resource.kind === kind)
