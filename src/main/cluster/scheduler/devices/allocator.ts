import type { AllocationResult, Node } from '#shared/kube/generated/types.ts'
import { prevents, tolerates } from '#shared/kube/device-taints.ts'
import type { Stored } from '#shared/kube/object.ts'
import { addTo, type Amounts } from './amounts.ts'
import { consumptionOf, fits } from './capacity.ts'
import { createConstraint, type Constraint } from './constraints.ts'
import { Counters } from './counters.ts'
import type { Allocated } from './ledger.ts'
import type { Candidate, Pool, Reachable, SliceIndex } from './pools.ts'
import { describe, matches, type Demand, type Wanted } from './requests.ts'
import { allocationOf, type Grant } from './result.ts'
import { SearchFindings, type Found, type SearchMemory } from './search-memory.ts'
import type { Selectors } from './selectors.ts'

export interface AllocatorOptions {
  /** The claims of one pod, which are allocated together or not at all. */
  claims: readonly Wanted[]
  slices: Pick<SliceIndex, 'reachable'>
  allocated: Allocated
  selectors: Selectors
  /** Of earlier searches; none when unset. */
  memory?: SearchMemory
}

/** The search on the node was ended: it took too long. */
export class SearchEnded extends Error {}

/** None of the pools of the node can be used as they are. */
export class InvalidPools extends Error {}

/** Most devices of a claim. */
export const mostDevices = 32
/**
 * Most steps of a search on one node, and of all searches for one pod: some ten milliseconds. Kubernetes ends a search
 * after 10 s on a thread of its own; here the process has other work to do.
 */
const mostStepsPerNode = 20_000
const mostStepsPerPod = 60_000

/** Finds devices for the claims of one pod, node after node. What is allocated must not change meanwhile. */
export class Allocator {
  readonly #options: AllocatorOptions
  readonly #findings: SearchFindings
  #stepsLeft = mostStepsPerPod

  constructor(options: AllocatorOptions) {
    this.#options = options
    this.#findings = options.memory?.of(options.claims) ?? new SearchFindings()
  }

  /**
   * The first solution of an exhaustive search.
   * @returns undefined where there is none
   * @throws SearchEnded, InvalidPools; Error where a claim or class is at fault, on whatever node
   */
  allocate(node: Stored<Node>): Solution | undefined {
    const { claims, slices, allocated } = this.#options
    const reachable = slices.reachable(node)
    const found = this.#findings.get(reachable, allocated, () => this.#search(reachable))
    if (found) return solutionOf(claims, found, node.metadata.name)
    if (reachable.pools.some(({ invalid }) => invalid !== undefined))
      throw new InvalidPools('invalid resource pools were encountered')
    return undefined
  }

  #search(reachable: Reachable): Found | undefined {
    const search = new Search(this.#options, reachable, Math.min(mostStepsPerNode, this.#stepsLeft))
    try {
      const { grants, chosen } = search
      return search.run() ? { grants, chosen } : undefined
    } finally {
      this.#stepsLeft -= search.steps
    }
  }
}

/** Devices for the claims of a pod on one node. */
export interface Solution {
  /** The demand by which each request of each claim is satisfied. */
  chosen: readonly (readonly Demand[])[]
  /** The allocations of the claims, in their order. */
  allocations(): AllocationResult[]
}

/** Most nodes are not chosen: the allocations are written out for the one that is. */
const solutionOf = (claims: readonly Wanted[], { grants, chosen }: Found, node: string): Solution => ({
  chosen,
  allocations: () =>
    claims.map((wanted, i) => allocationOf(wanted, grants[i] ?? [], { chosen: chosen[i] ?? [], node })),
})

/** `too many`: no solution with this number of devices, so that others of the same number need not be tried. */
type Outcome = 'found' | 'none' | 'too many'

/** One search on one node. Devices are tried in the order of the pools, and never twice in another order. */
class Search {
  readonly grants: Grant[][]
  /** The demand by which each request is satisfied. */
  readonly chosen: Demand[][]
  steps = 0
  readonly #options: AllocatorOptions
  readonly #pools: readonly Pool[]
  readonly #candidates: readonly Candidate[]
  readonly #constraints: readonly (readonly Constraint[])[]
  readonly #counters: Counters
  readonly #mostSteps: number
  /** Claims that the search has given a device to, by device. */
  readonly #takers = new Map<string, Set<number>>()
  /** What the search has given of devices that are shared, and to how many requests. */
  readonly #shares = new Map<string, { count: number; amounts: Amounts }>()
  readonly #all = new Map<Demand, readonly Candidate[]>()

  constructor(options: AllocatorOptions, { pools, candidates }: Reachable, mostSteps: number) {
    this.#options = options
    this.#pools = pools
    this.#mostSteps = mostSteps
    this.#candidates = candidates
    this.#counters = new Counters(options.allocated)
    this.#constraints = options.claims.map(({ claim }) =>
      (claim.spec.devices?.constraints ?? []).map((constraint, i) =>
        createConstraint(constraint, () => `${describe(claim)}, constraint #${i}`),
      ),
    )
    this.grants = options.claims.map(() => [])
    this.chosen = options.claims.map(() => [])
  }

  run(): boolean {
    const { claims } = this.#options
    claims.forEach((wanted, i) => this.#prepare(wanted, i))
    // The search for a single request sees that itself.
    const isSingle = claims.length === 1 && claims[0]?.requests.length === 1
    return (isSingle || claims.every((wanted, i) => this.#isPossible(wanted, i))) && this.#allocate(0, 0) === 'found'
  }

  /** All devices that a request wants are known beforehand. */
  #prepare(wanted: Wanted, claim: number): void {
    let least = 0
    for (const { demands } of wanted.requests) {
      const counts = demands.map((demand) => {
        if (demand.isAll) this.#all.set(demand, this.#allOf(demand, wanted, claim))
        return this.#countOf(demand)
      })
      least += Math.min(...counts)
    }
    if (least > mostDevices)
      throw new Error(
        `${describe(wanted.claim)}: number of requested devices ${least} exceeds the claim limit of ${mostDevices}`,
      )
  }

  #allOf(demand: Demand, wanted: Wanted, claim: number): Candidate[] {
    const where = `${describe(wanted.claim)}, request ${demand.name.full}: asks for all devices, but resource pool`
    for (const { id, isIncomplete, invalid } of this.#pools) {
      if (isIncomplete) throw new Error(`${where} ${id} is currently being updated`)
      if (invalid !== undefined) throw new Error(`${where} ${id} is currently invalid`)
    }
    return this.#candidates.filter(
      (candidate) => this.#fits(claim, demand, candidate) && this.#hasCapacity(demand, candidate),
    )
  }

  /** Whether each request finds enough devices for itself. The search would try all others in vain before it sees. */
  #isPossible({ requests }: Wanted, claim: number): boolean {
    return requests.every(({ demands }) =>
      demands.some((demand) => {
        if (demand.isAll) return this.#countOf(demand) > 0
        let missing = demand.count
        for (const candidate of this.#candidates) {
          if (missing === 0) break
          if (this.#isUsable(claim, demand, candidate)) missing--
        }
        return missing === 0
      }),
    )
  }

  #isUsable(claim: number, demand: Demand, candidate: Candidate): boolean {
    return (
      this.#isFree(claim, demand, candidate) &&
      this.#fits(claim, demand, candidate) &&
      !isUntolerated(demand, candidate) &&
      this.#hasCapacity(demand, candidate)
    )
  }

  #countOf(demand: Demand): number {
    return demand.isAll ? (this.#all.get(demand)?.length ?? 0) : demand.count
  }

  #allocate(claim: number, request: number): Outcome {
    const wanted = this.#options.claims[claim]
    if (!wanted) return 'found'
    const next = wanted.requests[request]
    if (!next) {
      const outcome = this.#allocate(claim + 1, 0)
      // With other devices for this claim, an alternative that needs fewer may do for the next.
      return outcome === 'too many' ? 'none' : outcome
    }
    let isTooMany = true
    for (const demand of next.demands) {
      const outcome = this.#devices({ claim, request, demand, count: 0, from: 0 })
      if (outcome === 'found') {
        const chosen = this.chosen[claim]
        if (chosen) chosen[request] = demand
        return 'found'
      }
      if (outcome === 'none') isTooMany = false
    }
    return isTooMany ? 'too many' : 'none'
  }

  /** Adds devices to a request that has `count` already, then goes on with the next request. */
  #devices(place: Place): Outcome {
    const { claim, request, demand, count } = place
    if (++this.steps > this.#mostSteps) throw new SearchEnded('timed out trying to allocate devices')
    const needed = this.#countOf(demand)
    if (demand.isAll && needed === 0) return 'none'
    if (count >= needed) return this.#allocate(claim, request + 1)
    if ((this.grants[claim]?.length ?? 0) + needed - count > mostDevices) return 'too many'
    return demand.isAll ? this.#oneOfAll(place) : this.#oneOfMany(place, needed)
  }

  #oneOfAll(place: Place): Outcome {
    const { claim, demand, count } = place
    const candidate = this.#all.get(demand)?.[count]
    const undo = candidate && this.#take(claim, demand, candidate, true)
    if (!undo) return 'none'
    const outcome = this.#devices({ ...place, count: count + 1 })
    if (outcome !== 'found') undo()
    return outcome
  }

  #oneOfMany(place: Place, needed: number): Outcome {
    const { claim, demand, count, from } = place
    // Too few are left for the rest of the request.
    const last = this.#candidates.length - (needed - count)
    for (let i = from; i <= last; i++) {
      const candidate = this.#candidates[i]
      const undo = candidate && this.#take(claim, demand, candidate, false)
      if (!undo) continue
      const outcome = this.#devices({ ...place, count: count + 1, from: i + 1 })
      if (outcome === 'found') return outcome
      undo()
      if (outcome === 'too many') return outcome
    }
    return 'none'
  }

  #fits(claim: number, demand: Demand, candidate: Candidate): boolean {
    const { claims, selectors } = this.#options
    const wanted = claims[claim]
    return wanted !== undefined && matches(demand, candidate, { claim: wanted.claim, selectors })
  }

  /** What is in use is not evaluated: an expression may fail on it. */
  #isFree(claim: number, { isAdmin }: Demand, { id, device }: Candidate): boolean {
    if (isAdmin) return device.allowMultipleAllocations === true || !this.#takers.get(id)?.has(claim)
    return !this.#options.allocated.isTaken(id) && (this.#takers.get(id)?.size ?? 0) === 0
  }

  /**
   * Gives the device to the claim, unless it is in use, tainted, too small or excluded by a constraint.
   * @param must whether the claim wants this very device
   * @returns the reverse
   */
  #take(claim: number, demand: Demand, candidate: Candidate, must: boolean): (() => void) | undefined {
    const { device, id } = candidate
    const isShared = device.allowMultipleAllocations === true
    const consumption = consumptionOf(candidate.slice.spec.driver, device, demand.capacity)
    if (!consumption || !this.#isUsable(claim, demand, candidate)) return undefined
    const takesCounters = (device.consumesCounters?.length ?? 0) > 0 && !(isShared && this.#isShareInUse(id))
    if (takesCounters && !this.#counters.take(candidate)) return undefined
    if (!this.#satisfyConstraints(claim, demand, candidate, must)) {
      if (takesCounters) this.#counters.giveBack(candidate)
      return undefined
    }
    if (isShared) this.#share(id, consumption.amounts, 1)
    else this.#takersOf(id).add(claim)
    const grants = this.grants[claim]
    grants?.push({ candidate, demand, consumption: isShared ? consumption : undefined })
    return () => {
      grants?.pop()
      if (isShared) this.#share(id, consumption.amounts, -1)
      else this.#takersOf(id).delete(claim)
      for (const constraint of this.#constraints[claim] ?? []) constraint.remove(demand.name, candidate)
      if (takesCounters) this.#counters.giveBack(candidate)
    }
  }

  #satisfyConstraints(claim: number, demand: Demand, candidate: Candidate, must: boolean): boolean {
    const added: Constraint[] = []
    for (const constraint of this.#constraints[claim] ?? []) {
      if (constraint.add(demand.name, candidate)) {
        added.push(constraint)
        continue
      }
      for (const each of added) each.remove(demand.name, candidate)
      const wanted = this.#options.claims[claim]
      // A claim of all devices that a constraint forbids makes no sense on any node.
      if (must && wanted)
        throw new Error(
          `${describe(wanted.claim)}, request ${demand.name.full}: cannot add device ${candidate.id} because a claim constraint would not be satisfied`,
        )
      return false
    }
    return true
  }

  /** Whether what the request takes of the device is there. A device for one claim alone needs to have it only. */
  #hasCapacity(demand: Demand, { device, slice, id }: Candidate): boolean {
    const consumption = consumptionOf(slice.spec.driver, device, demand.capacity)
    if (!consumption) return false
    const taken = device.allowMultipleAllocations
      ? [this.#options.allocated.consumed(id), this.#shares.get(id)?.amounts]
      : []
    return fits(device, consumption.amounts, taken)
  }

  #isShareInUse(id: string): boolean {
    return this.#options.allocated.consumed(id) !== undefined || this.#shares.has(id)
  }

  #share(id: string, amounts: ReadonlyMap<string, bigint>, change: 1 | -1): void {
    const share = this.#shares.get(id) ?? { count: 0, amounts: new Map<string, bigint>() }
    share.count += change
    for (const [name, amount] of amounts) addTo(share.amounts, name, amount * BigInt(change))
    if (share.count > 0) this.#shares.set(id, share)
    else this.#shares.delete(id)
  }

  #takersOf(id: string): Set<number> {
    let takers = this.#takers.get(id)
    if (!takers) this.#takers.set(id, (takers = new Set()))
    return takers
  }
}

interface Place {
  /** Index of the claim. */
  claim: number
  /** Index of the request in the claim. */
  request: number
  demand: Demand
  /** Devices that the request has. */
  count: number
  /** First candidate to try. */
  from: number
}

const isUntolerated = ({ tolerations }: Demand, { device }: Candidate): boolean =>
  (device.taints ?? []).some(
    (taint) => prevents(taint) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  )
