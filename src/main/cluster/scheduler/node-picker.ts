import type { ClusterState } from './cluster-state.ts'
import type { AfterRefusal, EnabledPlugin, Plugin } from './framework.ts'
import { NodeFilter, type Planned, type Rejection } from './node-filter.ts'
import type { NodeInfo } from './node-info.ts'
import { NodeMemory } from './node-memory.ts'
import { NominatedPods } from './nominated-pods.ts'
import type { PodInfo } from './pod-info.ts'
import { PointTimes } from './point-times.ts'
import { noNodes, ReasonCounts } from './reasons.ts'

export interface Placement {
  node: NodeInfo
  /** What the pod takes on the node is set aside by these; empty for most pods. */
  reservations: ((node: NodeInfo) => () => void)[]
  /** Work to do before binding; empty for most pods. */
  beforeBinding: ((node: NodeInfo) => Promise<void>)[]
}

/** What an attempt without success has found, for preemption. */
export interface Failure {
  /** Number of nodes in the cluster. */
  total: number
  /** Nodes that may take the pod once pods are removed from them. */
  candidates: readonly NodeInfo[]
  filter: NodeFilter
}

/** Thrown where no node fits the pod. */
export class FitError extends Error {
  /** Plugins that rejected it. */
  readonly refusedBy: ReadonlySet<Plugin>
  /** Undefined where a plugin ruled out all nodes before any was examined. */
  readonly failure: Failure | undefined
  /** What a plugin does about it. */
  readonly afterRefusal: AfterRefusal | undefined

  constructor(message: string, refusedBy: ReadonlySet<Plugin>, failure?: Failure, afterRefusal?: AfterRefusal) {
    super(message)
    this.refusedBy = refusedBy
    this.failure = failure
    this.afterRefusal = afterRefusal
  }
}

/** Whether a node can take a pod: `plugin` is the first that refuses it, with its reasons. */
export interface Verdict {
  node: string
  plugin?: string
  reasons: string[]
}

export interface PickerOptions {
  /** In the order of their filters. */
  plugins: readonly EnabledPlugin[]
  cluster: ClusterState
  /** Pods that wait for their nominated node; none when unset. */
  nominated?: NominatedPods
  /** Random number in [0, 1) that chooses between equal nodes. */
  random?: (() => number) | undefined
  /** Share of the nodes that must be found feasible, percent; 0 adapts it to the size of the cluster. */
  percentageOfNodesToScore?: number
  times?: PointTimes
}

/**
 * What Kubernetes' DynamicResources adds as PostFilter where an earlier plugin has ended PreFilter: it finds no state of
 * its own.
 */
const unprepared = 'not found'

/** Chooses nodes for pods by filters and scores of the plugins. */
export class NodePicker {
  readonly #plugins: readonly EnabledPlugin[]
  readonly #cluster: ClusterState
  readonly #nominated: NominatedPods
  readonly #random: () => number
  readonly #percentage: number
  readonly #times: PointTimes
  readonly #memory = new NodeMemory<Rejection | undefined>()
  /** Where the next search begins, so that all nodes are examined equally often. */
  #start = 0
  #totals = new Float64Array(0)
  #scores = new Float64Array(0)

  constructor(options: PickerOptions) {
    this.#plugins = options.plugins
    this.#cluster = options.cluster
    this.#nominated = options.nominated ?? new NominatedPods()
    this.#random = options.random ?? Math.random
    this.#percentage = options.percentageOfNodesToScore ?? 0
    this.#times = options.times ?? new PointTimes('')
  }

  /** The best node for `pod`. @throws FitError */
  pick(pod: PodInfo): Placement {
    const nodes = this.#cluster.nodes
    if (nodes.length === 0) throw new FitError('no nodes available to schedule pods', new Set())
    const plans = this.#plan(pod)
    const filter = new NodeFilter({
      pod,
      plans,
      cluster: this.#cluster,
      nominated: this.#nominated,
      memory: this.#memory,
    })
    const feasible = this.#feasible(pod, plans, filter)
    const reserving = plans.filter(({ points }) => points.has('reserve'))
    return {
      node: this.#best(plans, feasible),
      reservations: reserving.flatMap(({ plan }) => plan.reserve ?? []),
      beforeBinding: reserving.flatMap(({ plan }) => plan.beforeBinding ?? []),
    }
  }

  /** The plans of all plugins that apply. @throws FitError */
  #plan(pod: PodInfo): Planned[] {
    const begun = performance.now()
    const plans: Planned[] = []
    for (const enabled of this.#plugins) {
      const plan = enabled.plugin.plan?.(pod, this.#cluster)
      if (!plan) continue
      if (plan.impossible !== undefined && enabled.points.has('filter')) {
        this.#times.ended('PreFilter', begun, 'UnschedulableAndUnresolvable')
        throw this.#impossible(pod, { ...enabled, plan }, noNodes(this.#cluster.nodes.length, plan.impossible))
      }
      plans.push({ ...enabled, plan })
    }
    this.#times.ended('PreFilter', begun)
    return plans
  }

  /** Nodes that can take the pod: that none can is a success of the filters, too. @throws FitError */
  #feasible(pod: PodInfo, plans: readonly Planned[], filter: NodeFilter): NodeInfo[] {
    const begun = performance.now()
    try {
      return this.#nominatedNode(pod, filter) ?? this.#filter(plans, filter, this.#cluster.nodes)
    } finally {
      this.#times.ended('Filter', begun)
    }
  }

  /**
   * What each node would say of `pod` if the pod came anew, by the same filters: where it is now, its own room counts as free.
   * Nothing is placed.
   */
  judge(pod: PodInfo): Verdict[] {
    const placed = this.#cluster.take(pod.key)
    try {
      return this.#verdicts(pod)
    } finally {
      if (placed) this.#cluster.put(placed)
    }
  }

  #verdicts(pod: PodInfo): Verdict[] {
    const { nodes } = this.#cluster
    const plans = this.#plugins.flatMap((enabled): Planned[] => {
      const plan = enabled.plugin.plan?.(pod, this.#cluster)
      return plan && enabled.points.has('filter') ? [{ ...enabled, plan }] : []
    })
    const never = plans.find(({ plan }) => plan.impossible !== undefined)
    const filter = new NodeFilter({ pod, plans, cluster: this.#cluster, nominated: this.#nominated })
    return nodes.map((node): Verdict => {
      if (never) return { node: node.name, plugin: never.plugin.name, reasons: [never.plan.impossible ?? ''] }
      const unnamed = plans.find(({ plan }) => plan.nodes && !plan.nodes.includes(node.name))
      if (unnamed)
        return { node: node.name, plugin: unnamed.plugin.name, reasons: ['not among the nodes that the pod names'] }
      const rejection = filter.rejection(node)
      return rejection
        ? { node: node.name, plugin: rejection.plugin.name, reasons: [...rejection.refusal.reasons] }
        : { node: node.name, reasons: [] }
    })
  }

  #impossible(pod: PodInfo, { plugin, plan }: Planned, message: string): FitError {
    const refusedBy = new Set([plugin])
    if (!plan.afterRefusal) return new FitError(`${message} ${unprepared}`, refusedBy)
    const filter = new NodeFilter({ pod, plans: [], cluster: this.#cluster, nominated: this.#nominated })
    const failure = { total: this.#cluster.nodes.length, candidates: [], filter }
    return new FitError(message, refusedBy, failure, plan.afterRefusal)
  }

  /** The node that was freed for the pod comes before all others. */
  #nominatedNode(pod: PodInfo, filter: NodeFilter): NodeInfo[] | undefined {
    const node = this.#cluster.node(this.#nominated.nodeOf(pod.key) ?? '')
    return node && !filter.verdict(node) ? [node] : undefined
  }

  #filter(plans: readonly Planned[], filter: NodeFilter, all: readonly NodeInfo[]): NodeInfo[] {
    const named = plans.find(({ plan, points }) => plan.nodes && points.has('filter'))
    const nodes = named ? this.#named(named.plan.nodes ?? []) : all
    const wanted = named ? nodes.length : enoughNodes(all.length, this.#percentage)
    const feasible: NodeInfo[] = []
    const rejections = new Rejections(all.length)
    const start = named ? 0 : this.#start % nodes.length
    let looked = 0
    for (; looked < nodes.length && feasible.length < wanted; looked++) {
      const node = nodes[(start + looked) % nodes.length]
      if (!node) continue
      const rejection = filter.verdict(node)
      if (rejection) rejections.add(node, rejection)
      else feasible.push(node)
    }
    if (!named) this.#start = start + looked
    if (feasible.length > 0) return feasible
    if (named) rejections.addUnnamed(named.plugin, all.length - nodes.length)
    const reacting = plans.find(({ plan, points }) => plan.afterRefusal && points.has('postFilter'))
    throw rejections.toError(filter, reacting?.plan.afterRefusal)
  }

  #named(names: readonly string[]): NodeInfo[] {
    return [...new Set(names)].flatMap((name) => this.#cluster.node(name) ?? [])
  }

  #best(plans: readonly Planned[], feasible: readonly NodeInfo[]): NodeInfo {
    const [first] = feasible
    if (!first) throw new Error('nothing to choose from')
    if (feasible.length === 1) return first
    const begun = performance.now()
    const totals = this.#total(plans, feasible)
    this.#times.ended('Score', begun)
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
    for (const { plan, points, weight } of plans) {
      const scorer = plan.score
      if (!scorer || !points.has('score')) continue
      scorer.prepare?.(nodes)
      for (let i = 0; i < count; i++) scores[i] = scorer.score(nodes[i] as NodeInfo)
      scorer.normalize?.(scores, count)
      for (let i = 0; i < count; i++) totals[i] = (totals[i] ?? 0) + (scores[i] ?? 0) * weight
    }
    return totals
  }
}

/**
 * How many feasible nodes suffice to choose from: all of a small cluster, a share that falls with the size of a
 * large one, never less than a hundred. Kubernetes' adaptive percentageOfNodesToScore, falling faster: its hundred
 * nodes are as good a sample of a thousand as they are of five thousand.
 * @param percentage a fixed share, 0 where there is none
 */
export function enoughNodes(total: number, percentage = 0): number {
  if (total <= 100) return total
  const percent = percentage > 0 ? Math.min(100, percentage) : Math.max(5, 50 - total / 25)
  return Math.max(100, Math.floor((total * percent) / 100))
}

/** Counts the nodes' reasons for the message of a FitError. */
class Rejections {
  readonly #total: number
  readonly #reasons = new ReasonCounts()
  readonly #plugins = new Set<Plugin>()
  readonly #candidates: NodeInfo[] = []
  /** The last rejection and how often it came in a row: that of most nodes of a full cluster is the same. */
  #last: Rejection | undefined
  #times = 0

  constructor(total: number) {
    this.#total = total
  }

  add(node: NodeInfo, rejection: Rejection): void {
    if (rejection.refusal.resolvable) this.#candidates.push(node)
    if (rejection.refusal !== this.#last?.refusal) this.#count()
    this.#last = rejection
    this.#times++
  }

  #count(): void {
    if (!this.#last) return
    this.#plugins.add(this.#last.plugin)
    this.#reasons.add(this.#last.refusal.reasons, this.#times)
    this.#times = 0
  }

  /** Nodes that were no candidates. */
  addUnnamed(plugin: Plugin, count: number): void {
    if (count === 0) return
    this.#plugins.add(plugin)
    this.#reasons.add([`node(s) didn't satisfy plugin(s) [${plugin.name}]`], count)
  }

  toError(filter: NodeFilter, afterRefusal?: AfterRefusal): FitError {
    this.#count()
    const failure = { total: this.#total, candidates: this.#candidates, filter }
    return new FitError(this.#reasons.message(this.#total), this.#plugins, failure, afterRefusal)
  }
}
