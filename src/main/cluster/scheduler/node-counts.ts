import type { NodeInfo } from './node-info.ts'

/** A number per node, and its sums over the domains of a topology; both are kept up to date with every change. */
export class NodeCounts {
  readonly #byNode = new Map<NodeInfo, number>()
  readonly #domains = new Map<string, Map<string, number>>()

  get isEmpty(): boolean {
    return this.#byNode.size === 0
  }

  on(node: NodeInfo): number {
    return this.#byNode.get(node) ?? 0
  }

  /** Nodes with a number other than 0. */
  entries(): Iterable<[NodeInfo, number]> {
    return this.#byNode
  }

  add(node: NodeInfo, amount: number): void {
    bump(this.#byNode, node, amount)
    for (const [topologyKey, sums] of this.#domains) {
      const domain = node.labels[topologyKey]
      if (domain !== undefined) bump(sums, domain, amount)
    }
  }

  /** Sums by the value of the label `topologyKey`; nodes without it belong to no domain. */
  domains(topologyKey: string): ReadonlyMap<string, number> {
    const known = this.#domains.get(topologyKey)
    if (known) return known
    const sums = new Map<string, number>()
    for (const [node, amount] of this.#byNode) {
      const domain = node.labels[topologyKey]
      if (domain !== undefined) bump(sums, domain, amount)
    }
    this.#domains.set(topologyKey, sums)
    return sums
  }

  /** The labels of nodes have changed: domains are summed up anew when asked for. */
  forgetDomains(): void {
    this.#domains.clear()
  }
}

function bump<K>(counts: Map<K, number>, key: K, amount: number): void {
  const sum = (counts.get(key) ?? 0) + amount
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}
