import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { matchesTerm } from '#shared/kube/node-selection.ts'
import type { AllocationResult, Pod, ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isReservedFor } from '#shared/kube/resource-claims.ts'
import { pods } from '#shared/kube/resources.ts'
import { Allocator, InvalidPools, SearchEnded, type Solution } from '../../devices/allocator.ts'
import { backedBy } from '../../devices/extended-resources.ts'
import { wantedOf } from '../../devices/requests.ts'
import {
  scaleToMax,
  unresolvable,
  type AfterRefusal,
  type Plan,
  type Plugin,
  type PluginContext,
  type Refusal,
} from '../../framework.ts'
import type { NodeInfo } from '../../node-info.ts'
import type { PodInfo } from '../../pod-info.ts'
import { bindingTimeoutMs, hasBindingConditions, isOverdue, readinessOf } from './binding-conditions.ts'
import { createClaimWrites } from './claim-writes.ts'
import {
  extendedClaims,
  isExtendedClaimOf,
  leftoverOf,
  toCreate,
  type ClaimOnNode,
  type ExtendedClaim,
} from './extended-claim.ts'
import { interests, mayHelp } from './hints.ts'
import { claimsOf, problemOf } from './pod-claims.ts'

const name = 'DynamicResources'
const noneLeft = unresolvable('cannot allocate all claims')
const elsewhere = unresolvable('resourceclaim not available on the node')
/** A preferred alternative scores this much; each one after it less by one. */
const mostAlternatives = 8

type Claims = readonly Stored<ResourceClaim>[]

/**
 * Filters nodes that cannot provide the devices which the pod's ResourceClaims ask for; prefers those that provide the
 * first alternatives of requests. Claims are allocated to the chosen node and reserved for the pod before it is bound.
 */
export const dynamicResources = (context: PluginContext): Plugin => {
  const { devices, clock } = context
  const { resourceClaims, deviceClasses } = context.informers
  const writes = createClaimWrites(context)
  const isPending = (uid: string): boolean => devices.ledger.isPending(uid)

  function plan({ pod, requests }: PodInfo): Plan | undefined {
    const backed = backedBy(requests.others, deviceClasses)
    if (!pod.spec?.resourceClaims?.length && backed.size === 0) return undefined
    const claims = claimsOf(pod, resourceClaims)
    if (typeof claims === 'string') return { impossible: claims, afterRefusal: nothingToRelease }
    if (claims.length === 0 && backed.size === 0) return undefined
    for (const claim of claims) {
      const problem = problemOf(claim, pod, { isPending, classes: deviceClasses })
      if (problem !== undefined) return { impossible: problem, afterRefusal: nothingToRelease }
    }
    const leftover = backed.size > 0 ? leftoverOf(pod, resourceClaims) : undefined
    if (leftover)
      return { impossible: 'cannot schedule extended resource claim', afterRefusal: () => discard(leftover) }
    return planFor(pod, claims, extendedClaims(pod, backed))
  }

  function planFor(pod: Stored<Pod>, claims: Claims, extendedOn: ClaimOnNode): Plan {
    const waiting = claims.filter(({ status }) => !status?.allocation)
    const allocators = new Map<ExtendedClaim | undefined, Allocator>()
    const allocatorWith = (extended: ExtendedClaim | undefined): Allocator | undefined => {
      const wanted = extended ? [...waiting, extended.claim] : waiting
      if (wanted.length === 0) return undefined
      const allocator = allocators.get(extended) ?? allocatorFor(wanted)
      allocators.set(extended, allocator)
      return allocator
    }
    const found = new Map<string, Solution>()
    const unavailable = new Set<Stored<ResourceClaim>>()
    let chosen: AllocationResult[] = []
    let created: Stored<ResourceClaim> | undefined
    return {
      filter(node) {
        const missing = claims.filter((claim) => !isAvailable(claim, node))
        const allocator = allocatorWith(extendedOn(node))
        const solution = allocator ? allocate(allocator, node) : undefined
        if (solution && 'reasons' in solution) return solution
        for (const claim of missing) unavailable.add(claim)
        if (missing.length > 0) return elsewhere
        if (solution) found.set(node.name, solution)
        return undefined
      },
      score: {
        score: ({ name: node }) => scoreOf(waiting, found.get(node)),
        normalize: (scores, count) => scaleToMax(scores, count, { reverse: false }),
      },
      reserve(node) {
        chosen = found.get(node.name)?.allocations() ?? []
        const extended = extendedOn(node)
        const undo = [...waiting, ...(extended ? [extended.claim] : [])].flatMap((claim, i) => {
          const allocation = chosen[i]
          return allocation ? [devices.ledger.reserve(claim.metadata.uid, allocation)] : []
        })
        return () => {
          for (const release of undo) release()
          unreserve(pod, claims)
          if (created) writes.remove(created).catch(() => undefined)
        }
      },
      async beforeBinding(node) {
        try {
          const written: Stored<ResourceClaim>[] = []
          for (const claim of claims)
            if (!isReservedFor(claim, pod)) written.push(await writes.bind(claim, pod, chosen[waiting.indexOf(claim)]))
          const extended = extendedOn(node)
          if (extended) {
            created = await writes.create(toCreate(pod, extended))
            written.push((created = await writes.bind(created, pod, chosen[waiting.length])))
            await writes.announce(pod, created, extended.mappings)
          }
          await settle(extended ? [...waiting, extended.claim] : waiting, written)
          await ready(pod, created ? [...claims, created] : claims, node)
        } catch (error) {
          throw new Error(`running PreBind plugin "${name}": ${messageOf(error)}`)
        }
      },
      afterRefusal: () => release(pod, unavailable),
    }
  }

  function allocatorFor(claims: Claims): Allocator {
    const { ledger, selectors, memory } = devices
    const wanted = claims.map((claim) => wantedOf(claim, (className) => deviceClasses.get(className)))
    return new Allocator({ claims: wanted, slices: ledger.slices, allocated: ledger, selectors, memory })
  }

  function isAvailable(claim: Stored<ResourceClaim>, { node }: NodeInfo): boolean {
    const allocation = claim.status?.allocation
    if (!allocation || !node) return true
    const { nodeSelector } = allocation
    if (nodeSelector && !nodeSelector.nodeSelectorTerms.some((term) => matchesTerm(term, node))) return false
    const { isReady, failure } = readinessOf(claim)
    return failure === undefined && (isReady || !isOverdue(claim, clock.now()))
  }

  /** The informer shows what was written: from then on it counts alone. */
  async function settle(waiting: Claims, written: Claims): Promise<void> {
    // Stopped: nothing is decided any more.
    await resourceClaims.caughtUp(...written).catch(() => undefined)
    for (const { metadata } of waiting) devices.ledger.settle(metadata.uid)
  }

  /** Waits for the drivers of devices that are prepared only once they are chosen. @throws when one reports a failure */
  async function ready(pod: Stored<Pod>, claims: Claims, { name: node }: NodeInfo): Promise<void> {
    const current = claims.flatMap((claim) => resourceClaims.get(keyOf(claim)) ?? [])
    const slow = current.filter(hasBindingConditions)
    if (slow.length === 0) return
    const message = `waiting for binding conditions for device on node ${node}`
    context.recorderOf(pod).event(withType(pods, pod), 'Normal', 'BindingConditionsPending', message)
    for (const claim of slow) await readyInTime(claim)
  }

  async function readyInTime(claim: Stored<ResourceClaim>): Promise<void> {
    const key = keyOf(claim)
    const isDecided = (current: ResourceClaim | undefined): boolean => {
      const { isReady, failure } = current ? readinessOf(current) : { isReady: false, failure: 'gone' }
      return isReady || failure !== undefined
    }
    let stop: Stop | undefined
    const timeout = new Promise<never>((_, reject) => {
      stop = clock.after(bindingTimeoutMs, () => reject(new Error('device binding timeout')))
    })
    try {
      await Promise.race([resourceClaims.until(key, isDecided), timeout])
    } finally {
      await stop?.()
    }
    const current = resourceClaims.get(key)
    if (!current) throw new Error(`resourceclaim "${claim.metadata.name}" not found`)
    const { failure } = readinessOf(current)
    if (failure !== undefined) throw new Error(failure)
  }

  const discard = (claim: Stored<ResourceClaim>): ReturnType<AfterRefusal> => ({
    message: 'deletion of ResourceClaim completed',
    work: writes.remove(claim),
  })

  function unreserve(pod: Stored<Pod>, claims: Claims): void {
    for (const claim of claims) {
      const current = resourceClaims.get(keyOf(claim))
      // A reservation that stays is the pod's own, and used by its next attempt.
      if (current?.status?.allocation && isReservedFor(current, pod))
        writes.unreserve(current, pod).catch(() => undefined)
    }
  }

  /** Frees a claim of the pod that is allocated where the pod cannot run, so that it can be allocated elsewhere. */
  function release(pod: Stored<Pod>, unavailable: ReadonlySet<Stored<ResourceClaim>>): ReturnType<AfterRefusal> {
    for (const claim of unavailable) {
      const users = claim.status?.reservedFor ?? []
      if (users.length === 0 || (users.length === 1 && users[0]?.uid === pod.metadata.uid))
        return { message: 'deallocation of ResourceClaim completed', work: writes.deallocate(claim) }
    }
    return { message: 'still not schedulable' }
  }

  return {
    name,
    holdsBack(pod) {
      if (!pod.spec?.resourceClaims?.length) return undefined
      const claims = claimsOf(pod, resourceClaims)
      return typeof claims === 'string' ? claims : undefined
    },
    plan,
    interests,
    mayHelp: (change, { pod }) =>
      mayHelp(change, claimsOf(pod, resourceClaims)) ||
      // What was left over is gone: the pod can have a new one.
      (change.type === 'resource-claim' && change.action === 'deleted' && isExtendedClaimOf(pod, change.object)),
  }
}

const nothingToRelease: AfterRefusal = () => ({ message: 'no new claims to deallocate' })

function allocate(allocator: Allocator, { node }: NodeInfo): Solution | Refusal {
  if (!node) return noneLeft
  try {
    return allocator.allocate(node) ?? noneLeft
  } catch (error) {
    if (error instanceof SearchEnded || error instanceof InvalidPools) return unresolvable(error.message)
    throw new Error(`running "${name}" filter plugin: ${messageOf(error)}`)
  }
}

/** Earlier alternatives of requests score more. */
function scoreOf(claims: Claims, solution: Solution | undefined): number {
  let score = 0
  claims.forEach(({ spec }, i) => {
    spec.devices?.requests?.forEach(({ name: request, firstAvailable = [] }, j) => {
      const full = solution?.chosen[i]?.[j]?.name.full
      const rank = firstAvailable.findIndex((each) => `${request}/${each.name}` === full)
      if (rank >= 0) score += mostAlternatives - rank
    })
  })
  return score
}
