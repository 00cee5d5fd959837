import type { Informer } from '#shared/client/informer.ts'
import type {
  AllocationResult,
  DeviceRequestAllocationResult,
  ResourceResourceClaim as ResourceClaim,
  ResourceSlice,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { addTo, nanoOf, type Amounts } from './amounts.ts'
import { poolId, SliceIndex } from './pools.ts'

/** What claims have allocated, read by the allocator. */
export interface Allocated {
  /** Whether one claim has the device for itself. */
  isTaken(device: string): boolean
  /** Whether any claim has a part of the device, or all of it. */
  isInUse(device: string): boolean
  /** What claims have consumed of a device that they share. */
  consumed(device: string): Amounts | undefined
  /** A number that grows whenever one of the pool's devices is allocated or released. */
  version(pool: string): number
}

interface Entry {
  /** The claim's allocation as the API server has it. */
  stored?: AllocationResult | undefined
  /** An allocation that the scheduler has decided and not written yet. */
  pending?: AllocationResult | undefined
}

/**
 * The devices of the cluster and who has them: slices and allocations as the informers show them, and the scheduler's own
 * allocations that are still being written. One for all profiles. Kept up to date with every change, so that no attempt
 * reads all claims.
 */
export class DeviceLedger implements Allocated {
  readonly slices = new SliceIndex()
  readonly #entries = new Map<string, Entry>()
  /** Claims per device that have it for themselves: one, except where users write allocations. */
  readonly #taken = new Map<string, number>()
  readonly #shares = new Map<string, { count: number; amounts: Amounts }>()
  readonly #versions = new Map<string, number>()

  constructor(informers: { resourceClaims: Informer<ResourceClaim>; resourceSlices: Informer<ResourceSlice> }) {
    informers.resourceSlices.onChange({
      added: (slice) => this.slices.set(slice),
      updated: (_, slice) => this.slices.set(slice),
      deleted: ({ metadata }) => this.slices.delete(metadata.name),
    })
    informers.resourceClaims.onChange({
      added: (claim) => this.#claimSeen(claim),
      updated: (_, claim) => this.#claimSeen(claim),
      deleted: ({ metadata }) => this.#change(metadata.uid, { stored: undefined }),
    })
  }

  isTaken(device: string): boolean {
    return this.#taken.has(device)
  }

  isInUse(device: string): boolean {
    return this.#taken.has(device) || this.#shares.has(device)
  }

  consumed(device: string): Amounts | undefined {
    return this.#shares.get(device)?.amounts
  }

  version(pool: string): number {
    return this.#versions.get(pool) ?? 0
  }

  /** Whether the scheduler has allocated the claim and is writing that. */
  isPending(claimUid: string): boolean {
    const entry = this.#entries.get(claimUid)
    return entry?.pending !== undefined && entry.stored === undefined
  }

  /** Counts an allocation before it is written. @returns `settle` for the claim */
  reserve(claimUid: string, allocation: AllocationResult): () => void {
    this.#change(claimUid, { pending: allocation })
    return () => this.settle(claimUid)
  }

  /** The allocation is written, or given up: what is stored counts alone. */
  settle(claimUid: string): void {
    this.#change(claimUid, { pending: undefined })
  }

  #claimSeen({ metadata, status }: Stored<ResourceClaim>): void {
    if (this.#entries.get(metadata.uid)?.stored === status?.allocation) return
    this.#change(metadata.uid, { stored: status?.allocation })
  }

  #change(uid: string, change: Entry): void {
    const before = this.#entries.get(uid) ?? {}
    const after = { ...before, ...change }
    const counted = before.stored ?? before.pending
    const counts = after.stored ?? after.pending
    // A decision that is now stored takes nothing else.
    if (!jsonEqual(counted, counts)) {
      this.#count(counted, -1)
      this.#count(counts, 1)
    }
    if (after.stored || after.pending) this.#entries.set(uid, after)
    else this.#entries.delete(uid)
  }

  #count(allocation: AllocationResult | undefined, amount: 1 | -1): void {
    for (const result of allocation?.devices?.results ?? []) {
      // Administrators' access takes nothing.
      if (result.adminAccess) continue
      const pool = poolId(result.driver, result.pool)
      this.#versions.set(pool, this.version(pool) + 1)
      const id = `${pool}/${result.device}`
      if (result.shareID === undefined) {
        const count = (this.#taken.get(id) ?? 0) + amount
        if (count > 0) this.#taken.set(id, count)
        else this.#taken.delete(id)
      } else this.#countShare(id, result, amount)
    }
  }

  #countShare(id: string, { consumedCapacity = {} }: DeviceRequestAllocationResult, amount: 1 | -1): void {
    const share = this.#shares.get(id) ?? { count: 0, amounts: new Map<string, bigint>() }
    share.count += amount
    for (const [name, quantity] of Object.entries(consumedCapacity))
      addTo(share.amounts, name, nanoOf(quantity) * BigInt(amount))
    if (share.count > 0) this.#shares.set(id, share)
    else this.#shares.delete(id)
  }
}
