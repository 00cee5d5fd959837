import type { NodeInfo } from './node-info.ts'

/** A subset of the nodes; two with the same id contain the same nodes. */
export interface NodeSubset {
  id: string
  has(node: NodeInfo): boolean
}

/** The values that a label has on some nodes. */
export interface Topology {
  key: string
  subset: NodeSubset
  /** Each value once. */
  values: Iterable<string>
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
  readonly #levels = new Map<string, DomainLevels>()

  get isEmpty(): boolean {
    return this.#byNode.size === 0
  }

  on(node: NodeInfo): number {
    return this.#byNode.get(node) ?? 0
  }

  add(node: NodeInfo, amount: number): void {
    bump(this.#byNode, node, amount)
    for (const domains of this.#domains.values()) include(domains, node, amount)
    for (const levels of this.#levels.values()) levels.add(node, amount)
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

  /** Sums by domain that know the emptiest domain, those without pods included. */
  levels(topology: Topology): DomainLevels {
    const id = `${topology.key}|${topology.subset.id}`
    const known = this.#levels.get(id)
    if (known) return known
    const levels = new DomainLevels(topology)
    for (const [node, amount] of this.#byNode) levels.add(node, amount)
    if (this.#levels.size >= rememberedSums) this.#levels.clear()
    this.#levels.set(id, levels)
    return levels
  }

  /** Nodes have changed: sums are computed anew when used. */
  forgetDomains(): void {
    this.#domains.clear()
    this.#levels.clear()
  }
}

/** Numbers by domain, and the least of them, at a cost per change that does not depend on the number of domains. */
export class DomainLevels {
  readonly #topology: Topology
  readonly #sums = new Map<string, number>()
  /** Number of domains by their sums. */
  readonly #domainsWith = new Map<number, number>()
  #least = 0

  constructor(topology: Topology) {
    this.#topology = topology
    for (const value of topology.values) this.#sums.set(value, 0)
    this.#domainsWith.set(0, this.#sums.size)
  }

  /** Number of domains. */
  get size(): number {
    return this.#sums.size
  }

  /** The least sum of a domain; 0 where there is no domain. */
  get least(): number {
    return this.#least
  }

  /** Undefined where no node of the subset is in the domain. */
  get(domain: string): number | undefined {
    return this.#sums.get(domain)
  }

  add(node: NodeInfo, amount: number): void {
    const { key, subset } = this.#topology
    const domain = node.labels[key]
    const before = domain === undefined ? undefined : this.#sums.get(domain)
    if (domain === undefined || before === undefined || !subset.has(node)) return
    const after = before + amount
    this.#sums.set(domain, after)
    bump(this.#domainsWith, before, -1)
    bump(this.#domainsWith, after, 1)
    if (after < this.#least) this.#least = after
    // The emptiest domain has got more: the next level with a domain is near, since changes are of one pod.
    else if (before === this.#least) while (!this.#domainsWith.has(this.#least)) this.#least++
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
