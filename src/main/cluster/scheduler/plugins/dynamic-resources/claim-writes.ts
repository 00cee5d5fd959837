import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { keyOf, refOfKey } from '#shared/client/informer.ts'
import { isAnotherObject, isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  AllocationResult,
  ContainerExtendedResourceRequest,
  Pod,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { deleteProtection } from '#shared/kube/resource-claims.ts'
import { pods, resourceClaims } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

/** What the scheduler writes to claims. */
export interface ClaimWrites {
  /**
   * Reserves a claim for a pod, and allocates it where an allocation is given.
   * @throws Error that says which step failed
   */
  bind(claim: Stored<ResourceClaim>, pod: Stored<Pod>, allocation?: AllocationResult): Promise<Stored<ResourceClaim>>
  /** Reverts a reservation. */
  unreserve(claim: Stored<ResourceClaim>, pod: Stored<Pod>): Promise<void>
  /** Creates the claim for the pod's extended resources. */
  create(claim: ResourceClaim): Promise<Stored<ResourceClaim>>
  /** Tells the pod which requests of the claim stand for its extended resources. */
  announce(
    pod: Stored<Pod>,
    claim: Stored<ResourceClaim>,
    requestMappings: readonly ContainerExtendedResourceRequest[],
  ): Promise<void>
  /** Deletes a claim that the scheduler has created. */
  remove(claim: Stored<ResourceClaim>): Promise<void>
  /** Frees the devices of a claim. */
  deallocate(claim: Stored<ResourceClaim>): Promise<void>
}

const mostTries = 5

export function createClaimWrites({ client, clock }: { client: Client; clock: Clock }): ClaimWrites {
  const status = { subresource: 'status' } as const

  async function tryToBind(
    claim: Stored<ResourceClaim>,
    pod: Stored<Pod>,
    allocation?: AllocationResult,
  ): Promise<Stored<ResourceClaim>> {
    const key = keyOf(claim)
    if (claim.metadata.deletionTimestamp !== undefined) throw new Error(`claim ${key} got deleted in the meantime`)
    if (allocation && claim.status?.allocation) throw new Error(`claim ${key} got allocated elsewhere in the meantime`)
    const held = allocation ? await protect(claim) : claim
    const chosen = allocation ?? held.status?.allocation
    if (!chosen) throw new Error(`claim ${key} got deallocated in the meantime`)
    const reservedFor = [
      ...(held.status?.reservedFor ?? []),
      { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid },
    ]
    const next = {
      ...held,
      status: {
        ...held.status,
        allocation: { ...chosen, allocationTimestamp: chosen.allocationTimestamp ?? timestamp(clock.now()) },
        reservedFor,
      },
    }
    const what = allocation ? 'allocation and reservation' : 'reservation'
    return described(`add ${what} to claim ${key}`, client.update(resourceClaims, next, status))
  }

  function protect(claim: Stored<ResourceClaim>): Promise<Stored<ResourceClaim>> {
    const { finalizers = [] } = claim.metadata
    if (finalizers.includes(deleteProtection)) return Promise.resolve(claim)
    const metadata = { ...claim.metadata, finalizers: [...finalizers, deleteProtection] }
    return described(`add finalizer to claim ${keyOf(claim)}`, client.update(resourceClaims, { ...claim, metadata }))
  }

  return {
    async bind(claim, pod, allocation) {
      let current = claim
      for (let tries = 1; ; tries++) {
        try {
          return await tryToBind(current, pod, allocation)
        } catch (error) {
          // Others write to claims too: a concurrent change is not a reason to give up the node.
          if (!isConflict(causeOf(error)) || tries >= mostTries) throw error
          current = await client.get(resourceClaims, refOfKey(keyOf(claim)))
        }
      }
    },
    async unreserve({ metadata }, pod) {
      const reservedFor = [{ $patch: 'delete', uid: pod.metadata.uid }]
      const body = { metadata: { uid: metadata.uid }, status: { reservedFor } }
      const { namespace, name } = metadata
      await client.patch(resourceClaims, { namespace, name }, { type: 'strategic', body }, status)
    },
    create: (claim) =>
      described(
        `create claim for extended resources ${claim.metadata.namespace}/<extended-resources>`,
        client.create(resourceClaims, claim),
      ),
    async announce({ metadata: { namespace, name, uid } }, claim, requestMappings) {
      const extendedResourceClaimStatus = { resourceClaimName: claim.metadata.name, requestMappings }
      const body = { metadata: { uid }, status: { extendedResourceClaimStatus } }
      const write = client.patch(pods, { namespace, name }, { type: 'strategic', body }, status)
      await described(`update pod ${namespace}/${name} ExtendedResourceClaimStatus`, write)
    },
    async remove(claim) {
      try {
        const current = await client.get(resourceClaims, refOfKey(keyOf(claim)))
        const finalizers = current.metadata.finalizers?.filter((each) => each !== deleteProtection) ?? []
        await client.update(resourceClaims, { ...current, metadata: { ...current.metadata, finalizers } })
        await client.delete(resourceClaims, refOfKey(keyOf(claim)), { preconditions: { uid: claim.metadata.uid } })
      } catch (error) {
        if (!isNotFound(error) && !isAnotherObject(error)) throw error
      }
    },
    async deallocate(claim) {
      await client.update(resourceClaims, { ...claim, status: {} }, status)
    },
  }
}

/** Says which step failed; the error itself is the cause. */
async function described<T>(step: string, write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    throw new Error(`${step}: ${messageOf(error)}`, { cause: error })
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? (error.cause ?? error) : error)
