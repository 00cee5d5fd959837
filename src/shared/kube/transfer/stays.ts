import type { KubeObject } from '../object.ts'
import type { Resource } from '../resources.ts'

/** Whether an object stays with its cluster: a controller makes it there too, or it says something of this cluster alone. */
export function staysBehind({ metadata, ...object }: KubeObject, { group, kind }: Resource): boolean {
  if ((metadata.ownerReferences ?? []).length > 0 || metadata.deletionTimestamp) return true
  if (group.endsWith('metrics.k8s.io') || derived.has(`${group}/${kind}`)) return true
  if (group !== '') return false
  if (kind === 'Secret') return ownSecrets.includes((object as { type?: string }).type ?? '')
  // The controllers of every cluster keep these two in each namespace.
  return (
    (kind === 'ServiceAccount' && metadata.name === 'default') ||
    (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt')
  )
}

/** Kinds that the control plane writes, and those that stand for data of this cluster. */
const derived = new Set([
  '/Event',
  'events.k8s.io/Event',
  '/Endpoints',
  'discovery.k8s.io/EndpointSlice',
  'coordination.k8s.io/Lease',
  'apps/ControllerRevision',
  'storage.k8s.io/CSIStorageCapacity',
  'snapshot.storage.k8s.io/VolumeSnapshot',
])
/** Tokens of this cluster, and the releases that Helm keeps as Secrets. */
const ownSecrets = ['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token', 'helm.sh/release.v1']
