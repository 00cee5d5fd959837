import type { KubeObject, Stored } from '#shared/kube/object.ts'
import {
  configMaps,
  daemonSets,
  deployments,
  endpointSlices,
  ingressClasses,
  ingresses,
  networkPolicies,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  secrets,
  services,
  statefulSets,
  storageClasses,
  type Resource,
} from '#shared/kube/resources.ts'
import { useSnapshot, useSnapshotList, type LiveSnapshot, type SnapshotList } from '../../composables/useSnapshot.ts'
import { useContextKinds } from '../../kinds/useKinds.ts'
import type { HttpRoute, TopologyLists } from '../../topology/terrain.ts'

/** The lists of a namespace's map, kept up to date while the caller lives. HTTPRoutes are there where their kind is. */
export function useTopologySnapshot(context: () => string, namespace: () => string): LiveSnapshot<TopologyLists> {
  const kinds = useContextKinds(context)
  const only = (): readonly string[] => [namespace()]
  const list = <T extends KubeObject>(resource: Resource<T>): SnapshotList<readonly Stored<T>[]> =>
    useSnapshotList(context, () => resource, only)
  const httpRoute = (): Resource<HttpRoute> | undefined =>
    kinds.kindOf('httproutes.gateway.networking.k8s.io')?.resource
  return useSnapshot<TopologyLists>({
    pods: list(pods),
    nodes: list(nodes),
    deployments: list(deployments),
    statefulSets: list(statefulSets),
    daemonSets: list(daemonSets),
    replicaSets: list(replicaSets),
    services: list(services),
    endpointSlices: list(endpointSlices),
    ingresses: list(ingresses),
    ingressClasses: list(ingressClasses),
    claims: list(persistentVolumeClaims),
    storageClasses: list(storageClasses),
    networkPolicies: list(networkPolicies),
    configMaps: useSnapshotList(context, () => configMaps, only, { namesOnly: true }),
    secrets: useSnapshotList(context, () => secrets, only, { namesOnly: true }),
    httpRoutes: useSnapshotList(context, httpRoute, only),
  })
}
