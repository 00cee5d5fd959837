import type { ClusterState, Placed } from './cluster-state.ts'
import type { EnabledPlugin, Plan, Plugin, Refusal } from './framework.ts'
import type { NodeInfo } from './node-info.ts'
import type { NodeMemory, NodeFindings } from './node-memory.ts'
import type { NominatedPods } from './nominated-pods.ts'
import type { PodInfo } from './pod-info.ts'

/** A plugin with its plan for the pod. */
export interface Planned extends EnabledPlugin {
  plan: Plan
}

/** The first plugin that rejects a node, and why. */
export interface Rejection {
  plugin: Plugin
  refusal: Refusal
}

export interface NodeFilterOptions {
  pod: PodInfo
  plans: readonly Planned[]
  cluster: ClusterState
  nominated: NominatedPods
  /** Of earlier attempts; none when unset. */
  memory?: NodeMemory<Rejection | undefined>
}

/**
 * The filters for one pod. A node must pass them both as it is and with the pods that are nominated to it (Kubernetes'
 * RunFilterPluginsWithNominatedPods). Placed pods can be taken away for trial: plans and cluster state follow, and the
 * caller puts them back before anything else is scheduled.
 */
export class NodeFilter {
  readonly #pod: PodInfo
  readonly #filters: readonly Planned[]
  readonly #followers: readonly Plan[]
  readonly #cluster: ClusterState
  readonly #nominated: NominatedPods
  readonly #known: NodeFindings<Rejection | undefined> | undefined
  /** Whether the verdict on a node depends on that node alone, where no pods are nominated to it. */
  readonly readsNodeOnly: boolean

  constructor({ pod, plans, cluster, nominated, memory }: NodeFilterOptions) {
    this.#pod = pod
    this.#filters = plans.filter(({ plan, points }) => plan.filter && points.has('filter'))
    this.#followers = plans.flatMap(({ plan }) => (plan.podChanged ? [plan] : []))
    this.#cluster = cluster
    this.#nominated = nominated
    this.readsNodeOnly = this.#filters.every(({ plan }) => plan.readsNodeOnly)
    this.#known = this.readsNodeOnly ? memory?.of(pod) : undefined
  }

  /** The same as `rejection`, for a node as it is and not as it is tried: what is remembered of it counts. */
  verdict(node: NodeInfo): Rejection | undefined {
    if (!this.#known) return this.rejection(node)
    return this.#known.get(node, this.#judge) ?? this.#rejectionWithNominated(node)
  }

  /** Why the pod cannot run on the node; undefined when it can. */
  rejection(node: NodeInfo): Rejection | undefined {
    return this.#firstRejection(node) ?? this.#rejectionWithNominated(node)
  }

  /** Runs `trial`, which puts back all pods that it takes from the node. */
  trying<T>(node: NodeInfo, trial: () => T): T {
    const { generation } = node
    try {
      return trial()
    } finally {
      node.generation = generation
    }
  }

  #rejectionWithNominated(node: NodeInfo): Rejection | undefined {
    if (!this.#nominated.hasAny(node.name)) return undefined
    const others = this.#nominated.before(this.#pod, node.name)
    const added = others.filter(({ key }) => !this.#cluster.placed(key))
    if (added.length === 0) return undefined
    return this.trying(node, () => {
      for (const pod of added) this.put({ pod, node, assumed: true })
      try {
        return this.#firstRejection(node)
      } finally {
        for (const pod of added) this.take(pod)
      }
    })
  }

  /** Takes a pod from its node; `put` reverts it. */
  take({ key }: PodInfo): Placed | undefined {
    const placed = this.#cluster.take(key)
    if (placed) for (const plan of this.#followers) plan.podChanged?.(placed.node, placed.pod, -1)
    return placed
  }

  put(placed: Placed): void {
    this.#cluster.put(placed)
    for (const plan of this.#followers) plan.podChanged?.(placed.node, placed.pod, 1)
  }

  readonly #judge = (node: NodeInfo): Rejection | undefined => this.#firstRejection(node)

  #firstRejection(node: NodeInfo): Rejection | undefined {
    for (const { plugin, plan } of this.#filters) {
      const refusal = plan.filter?.(node)
      if (refusal) return { plugin, refusal }
    }
    return undefined
  }
}
