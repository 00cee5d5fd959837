import type {
  Pod,
  ResourceClaimConsumerReference,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { deleteProtection, isPodDone } from '#shared/kube/resource-claims.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** What is to be done about a claim, in this order. */
export interface ClaimDecision {
  /** Consumers that remain; unset where none has gone. */
  reservedFor?: ResourceClaimConsumerReference[]
  /** Whether its devices are freed. */
  deallocate: boolean
  /** Whether nothing keeps it from being deleted any more. */
  unprotect: boolean
  /** Whether it was generated for a pod that will not use it. */
  delete: boolean
}

/**
 * Decides what becomes of a claim: consumers that have ended lose their reservation, and with the last of them the claim
 * its devices, so that it can be allocated anew wherever the next consumer runs.
 * @param podNamed the pod as it is, undefined where it is certainly gone
 * @param ownerNamed the pod as far as it is known: a new one may not be yet
 */
export function decideClaim(
  claim: Stored<ResourceClaim>,
  podNamed: (name: string) => Pod | undefined,
  ownerNamed: (name: string) => Pod | undefined,
): ClaimDecision {
  const { metadata, status } = claim
  const consumers = status?.reservedFor ?? []
  const remaining = consumers.filter((consumer) => !isPod(consumer) || needs(podNamed(consumer.name), consumer.uid))
  const isProtected = metadata.finalizers?.includes(deleteProtection) ?? false
  const isReleased = remaining.length < consumers.length && remaining.length === 0
  const isEnding = metadata.deletionTimestamp !== undefined && remaining.length === 0
  return {
    ...(remaining.length < consumers.length ? { reservedFor: remaining } : {}),
    // One that was never reserved stays allocated: its driver may reserve it later.
    deallocate: isProtected && status?.allocation !== undefined && (isReleased || isEnding),
    unprotect: isProtected && (isReleased || isEnding),
    delete: remaining.length === 0 && metadata.deletionTimestamp === undefined && isAbandoned(claim, ownerNamed),
  }
}

export const isPod = ({ apiGroup = '', resource }: ResourceClaimConsumerReference): boolean =>
  apiGroup === '' && resource === 'pods'

const needs = (pod: Pod | undefined, uid: string): boolean =>
  pod !== undefined && pod.metadata.uid === uid && !isPodDone(pod)

/** The garbage collector deletes the claims of pods that are gone; this is about pods that have ended. */
function isAbandoned(claim: ResourceClaim, ownerNamed: (name: string) => Pod | undefined): boolean {
  const owner = controllerOf(claim)
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Pod') return false
  const pod = ownerNamed(owner.name)
  return pod !== undefined && !needs(pod, owner.uid)
}
