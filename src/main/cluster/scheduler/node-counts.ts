import type { NodeInfo } from './node-info.ts'

/** A subset of the nodes; two with the same id contain the same nodes. */
export interface NodeSubset {
  id: string
  has(node: NodeInfo): boolean
}

/** Sums over the domains of one topology, of some or all nodes. */
interface DomainSums {
  topologyKey: string
  subset: NodeSubset | undefined
  sums: Map<string, number>
}

/** Most sums that are kept: beyond this number all are dropped. */
const rememberedSums = 64

/** A number per node, and its sums over the domains of topologies; all are kept up to date with every change. */
export class NodeCounts {
  readonly #byNode = new Map<NodeInfo, number>()
  readonly #domains = new Map<string, DomainSums>()

  get isEmpty(): boolean {
    return this.#byNode.size === 0
  }

  on(node: NodeInfo): number {
    return this.#byNode.get(node) ?? 0
  }

  add(node: NodeInfo, amount: number): void {
    bump(this.#byNode, node, amount)
    for (const domains of this.#domains.values()) include(domains, node, amount)
  }

  /**
   * Sums by the value of the label `topologyKey`, over all nodes or a subset; nodes without the label belong to no
   * domain.
   */
  domains(topologyKey: string, subset?: NodeSubset): ReadonlyMap<string, number> {
    const id = subset ? `${topologyKey}|${subset.id}` : topologyKey
    const known = this.#domains.get(id)
    if (known) return known.sums
    const domains: DomainSums = { topologyKey, subset, sums: new Map() }
    for (const [node, amount] of this.#byNode) include(domains, node, amount)
    if (this.#domains.size >= rememberedSums) this.#domains.clear()
    this.#domains.set(id, domains)
    return domains.sums
  }

  /** Nodes have changed: sums are computed anew when used. */
  forgetDomains(): void {
    this.#domains.clear()
  }
}

function include({ topologyKey, subset, sums }: DomainSums, node: NodeInfo, amount: number): void {
  const domain = node.labels[topologyKey]
  if (domain !== undefined && (!subset || subset.has(node))) bump(sums, domain, amount)
}

function bump<K>(counts: Map<K, number>, key: K, amount: number): void {
  const sum = (counts.get(key) ?? 0) + amount
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}
