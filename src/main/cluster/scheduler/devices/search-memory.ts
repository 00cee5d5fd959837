import type { Allocated } from './ledger.ts'
import type { Reachable } from './pools.ts'
import type { Demand, Wanted } from './requests.ts'
import type { Grant } from './result.ts'

/**
 * What searches have found, for the next claims that want the same: only nodes are searched anew whose devices have
 * changed since. A search depends on nothing but the claims' requests, their classes, the node's pools and what of them is
 * allocated.
 */
export class SearchMemory {
  readonly #byKind = new Map<string, SearchFindings>()

  /** The findings for claims that want the same as these. */
  of(claims: readonly Wanted[]): SearchFindings {
    const kind = kindOf(claims)
    const findings = this.#byKind.get(kind) ?? new SearchFindings()
    // Maps iterate in insertion order: reinserting marks the kind as recently used.
    this.#byKind.delete(kind)
    this.#byKind.set(kind, findings)
    if (this.#byKind.size > rememberedKinds) {
      const oldest = this.#byKind.keys().next()
      if (!oldest.done) this.#byKind.delete(oldest.value)
    }
    return findings
  }
}

/** Most kinds of claims that are remembered: the least recently used are dropped. */
const rememberedKinds = 16

const kindOf = (claims: readonly Wanted[]): string =>
  JSON.stringify(
    claims.map(({ claim, requests }) => [
      claim.spec.devices,
      requests.map(({ demands }) => demands.map(({ class: { metadata } }) => [metadata.uid, metadata.resourceVersion])),
    ]),
  )

/** What a search has found for the claims, in their order. */
export interface Found {
  readonly grants: readonly (readonly Grant[])[]
  /** The demand by which each request is satisfied. */
  readonly chosen: readonly (readonly Demand[])[]
}

/** What was found for one kind of claims. A changed slice or node makes another `Reachable`. */
export class SearchFindings {
  readonly #findings = new WeakMap<Reachable, { version: number; found: Found | undefined }>()

  /** What `search` finds, searched anew when what is allocated of the node's pools has changed. */
  get(reachable: Reachable, allocated: Allocated, search: () => Found | undefined): Found | undefined {
    const version = versionOf(reachable, allocated)
    const known = this.#findings.get(reachable)
    if (known?.version === version) return known.found
    const found = search()
    this.#findings.set(reachable, { version, found })
    return found
  }
}

/** Versions only grow: their sum is another whenever one of them is. */
function versionOf({ pools }: Reachable, allocated: Allocated): number {
  let version = 0
  for (const { id } of pools) version += allocated.version(id)
  return version
}
