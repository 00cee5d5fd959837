import type { KubeObject, Stored } from '#shared/kube/object.ts'
import {
  daemonSets,
  deployments,
  endpointSlices,
  events,
  ingressClasses,
  ingresses,
  jobs,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  resourceQuotas,
  services,
  statefulSets,
  storageClasses,
  type Resource,
} from '#shared/kube/resources.ts'
import { useSnapshot, useSnapshotList, type LiveSnapshot, type SnapshotList } from '../../composables/useSnapshot.ts'
import type { Lists } from '../../overview/snapshot.ts'
import { useCertificates } from './useCertificates.ts'

/** The lists of an overview, kept up to date while the caller lives. @param namespaces none = all */
export function useOverviewSnapshot(context: () => string, namespaces: () => readonly string[]): LiveSnapshot<Lists> {
  const list = <T extends KubeObject>(resource: Resource<T>): SnapshotList<readonly Stored<T>[]> =>
    useSnapshotList(context, () => resource, namespaces)
  return useSnapshot<Lists>({
    pods: list(pods),
    nodes: list(nodes),
    deployments: list(deployments),
    statefulSets: list(statefulSets),
    daemonSets: list(daemonSets),
    replicaSets: list(replicaSets),
    jobs: list(jobs),
    services: list(services),
    endpointSlices: list(endpointSlices),
    ingresses: list(ingresses),
    ingressClasses: list(ingressClasses),
    claims: list(persistentVolumeClaims),
    storageClasses: list(storageClasses),
    quotas: list(resourceQuotas),
    events: list(events),
    certificates: useCertificates(context, namespaces),
  })
}
