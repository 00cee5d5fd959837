import type { Pod, PodResourceClaim, ResourceResourceClaim as ResourceClaim } from './generated/types.ts'
import { isPodTerminal } from './pod.ts'

/** How pods and their claims of devices refer to one another (k8s.io/dynamic-resource-allocation/resourceclaim). */

/** Keeps an allocated claim until it is deallocated. */
export const deleteProtection = 'resource.kubernetes.io/delete-protection'
/** Of a generated claim: the entry of `spec.resourceClaims` that it was generated for. */
export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name'

/** Of the claim for a pod's extended resources: `true`. */
export const extendedClaimAnnotation = 'resource.kubernetes.io/extended-resource-claim'

type Claims = Pick<Pod, 'metadata' | 'spec' | 'status'>

export interface ClaimName {
  name: string
  /** Whether the claim was generated for the pod, which then must own it. */
  isGenerated: boolean
}

/**
 * The claim of an entry of `spec.resourceClaims`.
 * @returns undefined where none is needed; a text where it is not known yet why
 */
export function claimNameOf(
  { metadata, status }: Claims,
  { name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim,
): ClaimName | string | undefined {
  if (resourceClaimName !== undefined) return { name: resourceClaimName, isGenerated: false }
  const pod = `pod "${metadata.namespace ?? ''}/${metadata.name ?? ''}"`
  if (resourceClaimTemplateName === undefined)
    return `${pod}, spec.resourceClaim "${name}": none of the supported fields are set`
  const known = status?.resourceClaimStatuses?.find((entry) => entry.name === name)
  if (!known) return `${pod}: ResourceClaim not created yet`
  return known.resourceClaimName === undefined ? undefined : { name: known.resourceClaimName, isGenerated: true }
}

/** Names of the claims of a pod, as far as they are known. */
export const claimNamesOf = (pod: Claims): string[] =>
  (pod.spec?.resourceClaims ?? []).flatMap((entry) => {
    const found = claimNameOf(pod, entry)
    return typeof found === 'object' ? [found.name] : []
  })

/** Why a generated claim is not this pod's. */
export function foreignClaim({ metadata: pod }: Claims, { metadata: claim }: ResourceClaim): string | undefined {
  const isOwner = claim.ownerReferences?.some(({ controller, uid }) => controller === true && uid === pod.uid)
  if (isOwner && claim.namespace === pod.namespace) return undefined
  return `ResourceClaim ${claim.namespace}/${claim.name ?? ''} was not created for pod ${pod.namespace ?? ''}/${pod.name ?? ''} (pod is not owner)`
}

export const isReservedFor = ({ status }: ResourceClaim, { metadata }: Claims): boolean =>
  status?.reservedFor?.some(({ uid }) => uid === metadata.uid) ?? false

/** At most 256 consumers share a claim. */
export const canBeReserved = ({ status }: ResourceClaim): boolean => (status?.reservedFor?.length ?? 0) < 256

/** Whether no container of the pod runs or ever will. */
export const isPodDone = (pod: Pod): boolean =>
  isPodTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName)
