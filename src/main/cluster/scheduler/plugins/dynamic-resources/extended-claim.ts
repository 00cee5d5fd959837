import { randomUUID } from 'node:crypto'
import type { Informer } from '#shared/client/informer.ts'
import type {
  ContainerExtendedResourceRequest,
  Pod,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { extendedClaimAnnotation } from '#shared/kube/resource-claims.ts'
import { requestsFor, type BackedResources } from '../../devices/extended-resources.ts'
import type { NodeInfo } from '../../node-info.ts'

/** A claim for the extended resources of a pod that a node has through classes of devices. It is created with the binding. */
export interface ExtendedClaim {
  /** With a name and uid for the search and the ledger only. */
  readonly claim: Stored<ResourceClaim>
  readonly mappings: readonly ContainerExtendedResourceRequest[]
}

/** The claim that the pod needs on the node: for what a device plugin of the node does not provide. */
export type ClaimOnNode = (node: NodeInfo) => ExtendedClaim | undefined

/** Nodes that provide the same resources share one claim, since at most one of them is chosen. */
export function extendedClaims(pod: Stored<Pod>, backed: BackedResources): ClaimOnNode {
  const uid = randomUUID()
  const known = new Map<string, ExtendedClaim>()
  return ({ allocatable }) => {
    const names = [...backed.keys()].filter((name) => !allocatable.others?.get(name))
    if (names.length === 0) return undefined
    const key = names.join()
    const claim = known.get(key) ?? claimFor(pod, new Map([...backed].filter(([name]) => names.includes(name))), uid)
    known.set(key, claim)
    return claim
  }
}

function claimFor(pod: Stored<Pod>, backed: BackedResources, uid: string): ExtendedClaim {
  const { requests, mappings } = requestsFor(pod, backed)
  const metadata = {
    namespace: pod.metadata.namespace ?? '',
    name: '<extended-resources>',
    uid,
    resourceVersion: '',
  }
  return { claim: { metadata, spec: { devices: { requests } } }, mappings }
}

/** The claim as it is created. */
export const toCreate = (
  { metadata: { namespace, name, uid } }: Stored<Pod>,
  { claim }: ExtendedClaim,
): ResourceClaim => ({
  metadata: {
    ...(namespace === undefined ? {} : { namespace }),
    generateName: `${name}-extended-resources-`,
    annotations: { [extendedClaimAnnotation]: 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
  },
  spec: claim.spec,
})

/** The claim of an earlier attempt that could not be completed. */
export const leftoverOf = (pod: Stored<Pod>, claims: Informer<ResourceClaim>): Stored<ResourceClaim> | undefined =>
  claims.list().find((claim) => isExtendedClaimOf(pod, claim))

export const isExtendedClaimOf = (pod: Stored<Pod>, { metadata }: ResourceClaim): boolean =>
  metadata.annotations?.[extendedClaimAnnotation] === 'true' &&
  (metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === pod.metadata.uid) ?? false)
