import type { Client } from '#shared/client/client.ts'
import type { Informer } from '#shared/client/informer.ts'
import type {
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import type { Change, ClusterState } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/**
 * A rule of placement. For each pod a plugin makes a plan: it reads pod and cluster once there, so that judging a single
 * node is cheap. (Kubernetes' PreFilter, Filter, PreScore, Score, Reserve and PreBind are
 * the parts of a plan; what Kubernetes keeps in its CycleState is the closure.) `node-resources-fit.ts` is the
 * exemplar.
 */
export interface Plugin {
  readonly name: string
  /** Why the pod may not be scheduled yet. */
  holdsBack?(pod: Pod): string | undefined
  /** The plugin's plan for the pod; undefined where the plugin does not apply. */
  plan?(pod: PodInfo, cluster: ClusterState): Plan | undefined
  /** Whether `change` may help a pod that this plugin has rejected; never when absent. */
  mayHelp?(change: Change, pod: PodInfo): boolean
}

export interface Plan {
  /** Why no node at all can take the pod. */
  impossible?: string
  /** The only candidate nodes, where the pod names them. */
  nodes?: readonly string[]
  /** Why this node cannot take the pod; undefined when it can. */
  filter?: (node: NodeInfo) => Refusal | undefined
  score?: Scorer
  /** Carried out before the pod is bound to the chosen node. @throws when it cannot be bound there */
  beforeBinding?: (node: NodeInfo) => Promise<void>
}

/** Reasons, which are counted over the nodes for the message. */
export type Refusal = readonly string[]

export interface Scorer {
  weight: number
  /** Once per pod, with the nodes that passed every filter. */
  prepare?(nodes: readonly NodeInfo[]): void
  /** 0 (worst) to `maxScore` (best), unless `normalize` scales it. */
  score(node: NodeInfo): number
  /** Scales the scores of all nodes to 0 … `maxScore`. */
  normalize?(scores: Float64Array, count: number): void
}

export const maxScore = 100

/** What plugins may read besides the cluster's state. */
export interface PluginContext {
  client: Client
  informers: {
    namespaces: Informer<Namespace>
    services: Informer<Service>
    replicaSets: Informer<ReplicaSet>
    statefulSets: Informer<StatefulSet>
    replicationControllers: Informer<ReplicationController>
    claims: Informer<PersistentVolumeClaim>
    volumes: Informer<PersistentVolume>
    storageClasses: Informer<StorageClass>
  }
}

export type PluginFactory = (context: PluginContext) => Plugin

/** Scales scores so that the highest becomes `maxScore`, or with `reverse` the lowest does. */
export function scaleToMax(scores: Float64Array, count: number, { reverse }: { reverse: boolean }): void {
  let max = 0
  for (let i = 0; i < count; i++) max = Math.max(max, scores[i] ?? 0)
  for (let i = 0; i < count; i++) {
    const scaled = max === 0 ? 0 : Math.floor(((scores[i] ?? 0) * maxScore) / max)
    scores[i] = reverse ? maxScore - scaled : scaled
  }
}

export interface Placement {
  node: NodeInfo
  /** Work to do before binding; empty for most pods. */
  beforeBinding: ((node: NodeInfo) => Promise<void>)[]
}

/** Thrown where no node fits the pod. */
export class FitError extends Error {
  /** Plugins that rejected it. */
  readonly refusedBy: ReadonlySet<Plugin>

  constructor(message: string, refusedBy: ReadonlySet<Plugin>) {
    super(message)
    this.refusedBy = refusedBy
  }
}

export interface PickerOptions {
  plugins: readonly Plugin[]
  cluster: ClusterState
  /** Random number in [0, 1) that chooses between equal nodes. */
  random?: () => number
}

/** Chooses nodes for pods by filters and scores of the plugins. */
export class NodePicker {
  readonly #plugins: readonly Plugin[]
  readonly #cluster: ClusterState
  readonly #random: () => number
  /** Where the next search begins, so that all nodes are examined equally often. */
  #start = 0
  #totals = new Float64Array(0)
  #scores = new Float64Array(0)

  constructor({ plugins, cluster, random = Math.random }: PickerOptions) {
    this.#plugins = plugins
    this.#cluster = cluster
    this.#random = random
  }

  /** The best node for `pod`. @throws FitError */
  pick(pod: PodInfo): Placement {
    const nodes = this.#cluster.nodes
    if (nodes.length === 0) throw new FitError('no nodes available to schedule pods', new Set())
    const plans: Planned[] = []
    for (const plugin of this.#plugins) {
      const plan = plugin.plan?.(pod, this.#cluster)
      if (plan?.impossible !== undefined)
        throw new FitError(`0/${nodes.length} nodes are available: ${plan.impossible}.`, new Set([plugin]))
      if (plan) plans.push({ plugin, plan })
    }
    const feasible = this.#filter(plans, nodes)
    return {
      node: this.#best(plans, feasible),
      beforeBinding: plans.flatMap(({ plan }) => plan.beforeBinding ?? []),
    }
  }

  #filter(plans: readonly Planned[], all: readonly NodeInfo[]): NodeInfo[] {
    const filters = plans.filter(({ plan }) => plan.filter)
    const named = plans.find(({ plan }) => plan.nodes)
    const nodes = named ? this.#named(named.plan.nodes ?? []) : all
    const wanted = named ? nodes.length : enoughNodes(all.length)
    const feasible: NodeInfo[] = []
    const refusals = new Refusals(all.length)
    const start = named ? 0 : this.#start % nodes.length
    let looked = 0
    for (; looked < nodes.length && feasible.length < wanted; looked++) {
      const node = nodes[(start + looked) % nodes.length]
      if (node && passes(node, filters, refusals)) feasible.push(node)
    }
    if (!named) this.#start = start + looked
    if (feasible.length > 0) return feasible
    if (named) refusals.addUnnamed(named.plugin, all.length - nodes.length)
    throw refusals.toError()
  }

  #named(names: readonly string[]): NodeInfo[] {
    return [...new Set(names)].flatMap((name) => this.#cluster.node(name) ?? [])
  }

  #best(plans: readonly Planned[], feasible: readonly NodeInfo[]): NodeInfo {
    const [first] = feasible
    if (!first) throw new Error('nothing to choose from')
    if (feasible.length === 1) return first
    const totals = this.#total(plans, feasible)
    let best = first
    let bestScore = -1
    let equals = 0
    for (let i = 0; i < feasible.length; i++) {
      const score = totals[i] ?? 0
      if (score < bestScore) continue
      equals = score > bestScore ? 1 : equals + 1
      bestScore = score
      // Reservoir sampling: each of n equal nodes is chosen with probability 1/n.
      if (equals === 1 || this.#random() * equals < 1) best = feasible[i] ?? best
    }
    return best
  }

  #total(plans: readonly Planned[], nodes: readonly NodeInfo[]): Float64Array {
    const count = nodes.length
    if (this.#totals.length < count) {
      this.#totals = new Float64Array(count * 2)
      this.#scores = new Float64Array(count * 2)
    }
    const totals = this.#totals.fill(0, 0, count)
    const scores = this.#scores
    for (const { plan } of plans) {
      const scorer = plan.score
      if (!scorer) continue
      scorer.prepare?.(nodes)
      for (let i = 0; i < count; i++) scores[i] = scorer.score(nodes[i] as NodeInfo)
      scorer.normalize?.(scores, count)
      for (let i = 0; i < count; i++) totals[i] = (totals[i] ?? 0) + (scores[i] ?? 0) * scorer.weight
    }
    return totals
  }
}

interface Planned {
  plugin: Plugin
  plan: Plan
}

function passes(node: NodeInfo, filters: readonly Planned[], refusals: Refusals): boolean {
  for (const { plugin, plan } of filters) {
    const refusal = plan.filter?.(node)
    if (!refusal) continue
    refusals.add(plugin, refusal)
    return false
  }
  return true
}

/**
 * How many feasible nodes suffice to choose from: all of a small cluster, a share that falls with the size of a
 * large one, never less than a hundred. Kubernetes' adaptive percentageOfNodesToScore, falling faster: its hundred
 * nodes are as good a sample of a thousand as they are of five thousand.
 */
export function enoughNodes(total: number): number {
  if (total <= 100) return total
  const percent = Math.max(5, 50 - total / 25)
  return Math.max(100, Math.floor((total * percent) / 100))
}

/** Counts the nodes' reasons for the message of a FitError. */
class Refusals {
  readonly #total: number
  readonly #reasons = new Map<string, number>()
  readonly #plugins = new Set<Plugin>()

  constructor(total: number) {
    this.#total = total
  }

  add(plugin: Plugin, reasons: Refusal, times = 1): void {
    this.#plugins.add(plugin)
    for (const reason of reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + times)
  }

  /** Nodes that were no candidates. */
  addUnnamed(plugin: Plugin, count: number): void {
    if (count > 0) this.add(plugin, ["node(s) didn't satisfy plugin(s) [" + plugin.name + ']'], count)
  }

  /** As Kubernetes words it: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
  toError(): FitError {
    const counted = [...this.#reasons].map(([reason, count]) => `${count} ${reason}`).sort()
    return new FitError(`0/${this.#total} nodes are available: ${counted.join(', ')}.`, this.#plugins)
  }
}
