import { daemonSet } from './apps/daemon-set.ts'
import { deployment } from './apps/deployment.ts'
import { replicaSet } from './apps/replica-set.ts'
import { job } from './batch/job.ts'
import { lease } from './coordination/lease.ts'
import { configMap } from './core/config-map.ts'
import { endpointsKind } from './core/endpoints.ts'
import { event } from './core/event.ts'
import { namespace } from './core/namespace.ts'
import { node } from './core/node.ts'
import { persistentVolumeClaim } from './core/persistent-volume-claim.ts'
import { persistentVolume } from './core/persistent-volume.ts'
import { pod } from './core/pod.ts'
import { secret } from './core/secret.ts'
import { serviceAccount } from './core/service-account.ts'
import { service } from './core/service.ts'
import type { KindDescriptor } from './descriptor.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import { clusterRoleBinding } from './rbac/cluster-role-binding.ts'
import { clusterRole } from './rbac/cluster-role.ts'
import { roleBinding } from './rbac/role-binding.ts'
import { role } from './rbac/role.ts'
import { storageClass } from './storage/storage-class.ts'

/** Every kind that has a page, in the order of the sidebar. */
export const kinds: readonly KindDescriptor[] = [
  pod,
  deployment,
  replicaSet,
  daemonSet,
  job,
  service,
  endpointsKind,
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
