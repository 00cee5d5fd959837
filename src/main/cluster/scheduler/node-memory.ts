import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/**
 * What was found about nodes for pods that are alike: for the next such pod only nodes that have changed since are looked
 * at. For findings that depend on nothing but the node and what `kindOf` covers of the pod.
 */
export class NodeMemory<T> {
  readonly #byKind = new Map<string, NodeFindings<T>>()

  /** The findings for pods like this one. */
  of(pod: PodInfo): NodeFindings<T> {
    const kind = kindOf(pod)
    const findings = this.#byKind.get(kind) ?? new NodeFindings<T>()
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

/** Most kinds of pods that are remembered: the least recently used are dropped. */
const rememberedKinds = 16

/** All that filters read of a pod where they read nothing of the cluster but one node. */
const kindOf = ({ priority, requests, hostPorts, pod: { spec } }: PodInfo): string =>
  JSON.stringify([
    priority,
    requests,
    requests.others ? [...requests.others] : 0,
    hostPorts,
    spec?.nodeName,
    spec?.nodeSelector,
    spec?.affinity?.nodeAffinity,
    spec?.tolerations,
  ])

export class NodeFindings<T> {
  readonly #findings: ({ generation: number; value: T } | undefined)[] = []

  /** What `find` gives for the node, found anew when the node has changed. */
  get(node: NodeInfo, find: (node: NodeInfo) => T): T {
    const known = this.#findings[node.serial]
    if (known?.generation === node.generation) return known.value
    const value = find(node)
    this.#findings[node.serial] = { generation: node.generation, value }
    return value
  }
}
