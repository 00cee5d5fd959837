import type { LabelSelector, Pod, PodSpec, TopologySpreadConstraint } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { selectsNode } from '#shared/kube/node-selection.ts'
import { labelRequirements, matchesLabels, type LabelRequirement } from '#shared/kube/selectors.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import type { ClusterState } from '../cluster-state.ts'
import {
  maxScore,
  resolvable,
  unresolvable,
  type Plan,
  type Plugin,
  type PluginContext,
  type Scorer,
} from '../framework.ts'
import type { NodeCounts, NodeSubset } from '../node-counts.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { podSelector, selectorOf, selectsPod, type PodSelector } from '../pod-selector.ts'

const tooSkewed = resolvable("node(s) didn't match pod topology spread constraints")
const noDomain = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")

const hostname = 'kubernetes.io/hostname'

/**
 * Spreads matching pods over the domains of a topology. `DoNotSchedule` constraints bound the skew; `ScheduleAnyway`
 * ones are preferences. A pod without constraints is spread over nodes and zones together with the pods of its Service,
 * ReplicaSet, ReplicationController or StatefulSet, as Kubernetes does by default.
 */
export const podTopologySpread = (context: Pick<PluginContext, 'args' | 'informers'>): Plugin => {
  const { defaultingType, defaultConstraints } = context.args.PodTopologySpread
  const isSystem = defaultingType === 'System'
  const defaults = isSystem ? systemConstraints : defaultConstraints

  function constraintsOf(pod: PodInfo): Constraint[] {
    const own = pod.pod.spec?.topologySpreadConstraints ?? []
    if (own.length > 0) return own.map((constraint) => constraintOf(constraint, selectorOfOwn(constraint, pod)))
    const selector = defaults.length > 0 ? defaultSelector(pod, context) : undefined
    return selector ? defaults.map((constraint) => constraintOf(constraint, selector)) : []
  }

  context.informers.services.addIndex('namespace', ({ metadata }) => metadata.namespace)
  return {
    name: 'PodTopologySpread',

    plan(pod, cluster): Plan | undefined {
      const all = constraintsOf(pod)
      if (all.length === 0) return undefined
      const hard = all.filter((constraint) => constraint.hard)
      const soft = all.filter((constraint) => !constraint.hard)
      const needAll = !isSystem || (pod.pod.spec?.topologySpreadConstraints?.length ?? 0) > 0
      return {
        ...(hard.length > 0 ? boundSkew(pod, cluster, hard) : {}),
        score: soft.length > 0 ? preference(pod, cluster, soft, { needAll }) : undefined,
      }
    },

    interests: ['pod-added', 'pod-removed', 'node-added', 'node-labels', 'node-taints'],
    mayHelp(change, pod) {
      if (change.type !== 'pod-added' && change.type !== 'pod-removed') return true
      return (
        change.pod.namespace === pod.namespace &&
        constraintsOf(pod).some(({ hard, selector }) => hard && selectsPod(selector, change.pod, () => undefined))
      )
    },
  }
}

interface Constraint {
  topologyKey: string
  maxSkew: number
  minDomains: number
  hard: boolean
  selector: PodSelector
  /** Whether the count leaves out nodes that the pod does not select (or whose taints it does not tolerate). */
  honoursAffinity: boolean
  honoursTaints: boolean
}

/** Kubernetes' own, of pods that have none. */
const systemConstraints: readonly Omit<TopologySpreadConstraint, 'labelSelector'>[] = [
  { topologyKey: hostname, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway' },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
]

const selectorOfOwn = ({ labelSelector, matchLabelKeys }: TopologySpreadConstraint, { pod }: PodInfo): PodSelector =>
  podSelector({ labelSelector, matchLabelKeys }, pod)

const constraintOf = (
  constraint: Omit<TopologySpreadConstraint, 'labelSelector'>,
  selector: PodSelector,
): Constraint => ({
  topologyKey: constraint.topologyKey,
  maxSkew: constraint.maxSkew,
  minDomains: constraint.minDomains ?? 1,
  hard: constraint.whenUnsatisfiable === 'DoNotSchedule',
  selector,
  honoursAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
  honoursTaints: constraint.nodeTaintsPolicy === 'Honor',
})

/** A selector of the pods that all of the pod's Services and its controller select; undefined where it has none. */
function defaultSelector({ pod, namespace, labels }: PodInfo, context: Pick<PluginContext, 'informers'>) {
  const { services } = context.informers
  const requirements: LabelRequirement[] = []
  for (const service of services.byIndex('namespace', namespace)) {
    const own = labelRequirements({ matchLabels: service.spec?.selector ?? {} }) ?? []
    if (own.length > 0 && matchesLabels(own, labels)) requirements.push(...own)
  }
  requirements.push(...(labelRequirements(controllerSelector(pod, context)) ?? []))
  return requirements.length === 0
    ? undefined
    : selectorOf({ namespaces: [namespace], namespaceLabels: undefined, requirements })
}

function controllerSelector(
  pod: Stored<Pod>,
  { informers }: Pick<PluginContext, 'informers'>,
): LabelSelector | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)
  const key = `${pod.metadata.namespace}/${owner?.name ?? ''}`
  switch (owner?.kind) {
    case 'ReplicaSet':
      return informers.replicaSets.get(key)?.spec?.selector
    case 'StatefulSet':
      return informers.statefulSets.get(key)?.spec?.selector
    case 'ReplicationController':
      return { matchLabels: informers.replicationControllers.get(key)?.spec?.selector ?? {} }
    default:
      return undefined
  }
}

const countsOf = (selector: PodSelector, cluster: ClusterState): NodeCounts =>
  cluster.groups.counts({ selectors: [selector], terminating: false })

/** Whether a constraint counts a node. */
function takesPart(node: NodeInfo, { honoursAffinity, honoursTaints }: Constraint, spec: PodSpec | undefined): boolean {
  if (!node.node) return false
  if (honoursAffinity && !selectsNode(spec, node.node)) return false
  return !honoursTaints || !untolerated(node.taints, spec?.tolerations, ['NoSchedule', 'NoExecute'])
}

function boundSkew(
  pod: PodInfo,
  cluster: ClusterState,
  constraints: readonly Constraint[],
): Required<Pick<Plan, 'filter' | 'podChanged'>> {
  const bounds = constraints.map((constraint) => boundOf(pod, cluster, constraint, constraints))
  return {
    filter({ labels }) {
      for (const { constraint, domains, least, self } of bounds) {
        const domain = labels[constraint.topologyKey]
        if (domain === undefined) return noDomain
        if ((domains.get(domain) ?? 0) + self - least > constraint.maxSkew) return tooSkewed
      }
      return undefined
    },
    podChanged(node, other, amount) {
      if (other.terminating || !hasAllKeys(node, constraints)) return
      for (const bound of bounds) {
        const { constraint } = bound
        if (!takesPart(node, constraint, pod.pod.spec)) continue
        if (!selectsPod(constraint.selector, other, cluster.namespaceLabels)) continue
        count(bound, node.labels[constraint.topologyKey] ?? '', amount)
      }
    },
  }
}

interface Bound {
  constraint: Constraint
  domains: Map<string, number>
  /** Pods in the emptiest domain. */
  least: number
  /** Number of domains by their number of pods; made when the first pod is taken away for trial. */
  levels?: Map<number, number>
  /** Whether the pod counts itself. */
  self: 0 | 1
}

function boundOf(pod: PodInfo, cluster: ClusterState, constraint: Constraint, all: readonly Constraint[]): Bound {
  const counts = countsOf(constraint.selector, cluster)
  const domains = new Map<string, number>()
  for (const node of cluster.nodes) {
    if (!hasAllKeys(node, all) || !takesPart(node, constraint, pod.pod.spec)) continue
    const domain = node.labels[constraint.topologyKey] ?? ''
    domains.set(domain, (domains.get(domain) ?? 0) + counts.on(node))
  }
  const self = selectsPod(constraint.selector, pod, cluster.namespaceLabels) ? 1 : 0
  return { constraint, domains, least: leastOf(domains, constraint), self }
}

/** A node that lacks one of the topology keys is not counted for any constraint. */
const hasAllKeys = ({ labels }: NodeInfo, constraints: readonly Constraint[]): boolean =>
  constraints.every(({ topologyKey }) => labels[topologyKey] !== undefined)

/** Counts one pod more or less in a domain, at the same cost for any number of domains. */
function count(bound: Bound, domain: string, amount: 1 | -1): void {
  const { domains, constraint } = bound
  const levels = (bound.levels ??= levelsOf(domains))
  const before = domains.get(domain) ?? 0
  const after = before + amount
  domains.set(domain, after)
  levels.set(before, (levels.get(before) ?? 0) - 1)
  levels.set(after, (levels.get(after) ?? 0) + 1)
  if (domains.size < constraint.minDomains) return
  // The last domain that was the emptiest one has one pod more now, and so has none fewer.
  if (after < bound.least || (before === bound.least && levels.get(before) === 0)) bound.least = after
}

function levelsOf(domains: ReadonlyMap<string, number>): Map<number, number> {
  const levels = new Map<number, number>()
  for (const pods of domains.values()) levels.set(pods, (levels.get(pods) ?? 0) + 1)
  return levels
}

/** minDomains: missing domains count as empty. */
function leastOf(domains: ReadonlyMap<string, number>, { minDomains }: Constraint): number {
  if (domains.size < minDomains) return 0
  let least = Infinity
  for (const count of domains.values()) least = Math.min(least, count)
  return least
}

interface Preference {
  constraint: Constraint
  countOn: (node: NodeInfo) => number
  /** Weight of a topology: grows with the number of its domains. */
  weight: number
}

function preference(
  pod: PodInfo,
  cluster: ClusterState,
  constraints: readonly Constraint[],
  { needAll }: { needAll: boolean },
): Scorer {
  let preferences: Preference[] = []
  const ignored = (node: NodeInfo): boolean =>
    needAll && constraints.some(({ topologyKey }) => node.labels[topologyKey] === undefined)
  return {
    prepare(nodes) {
      const counted = needAll ? nodes.filter((node) => !ignored(node)) : nodes
      preferences = constraints.map((constraint) => preferenceOf(pod, cluster, constraint, counted))
    },
    score(node) {
      if (ignored(node)) return ignoredScore
      let sum = 0
      for (const { constraint, countOn, weight } of preferences)
        if (node.labels[constraint.topologyKey] !== undefined) sum += countOn(node) * weight + (constraint.maxSkew - 1)
      return Math.round(sum)
    },
    normalize: fewestFirst,
  }
}

function preferenceOf(
  pod: PodInfo,
  cluster: ClusterState,
  constraint: Constraint,
  nodes: readonly NodeInfo[],
): Preference {
  const counts = countsOf(constraint.selector, cluster)
  const { topologyKey } = constraint
  if (topologyKey === hostname)
    return { constraint, countOn: (node) => counts.on(node), weight: Math.log(nodes.length + 2) }
  const seen = new Set<string>()
  for (const { labels } of nodes) {
    const domain = labels[topologyKey]
    if (domain !== undefined) seen.add(domain)
  }
  const domains = counts.domains(topologyKey, participants(pod, constraint))
  return {
    constraint,
    countOn: ({ labels }) => domains.get(labels[topologyKey] ?? '') ?? 0,
    weight: Math.log(seen.size + 2),
  }
}

/** The nodes that are counted; undefined for all. */
function participants({ pod: { spec } }: PodInfo, constraint: Constraint): NodeSubset | undefined {
  const { honoursTaints } = constraint
  const affinity = constraint.honoursAffinity ? [spec?.nodeSelector, spec?.affinity?.nodeAffinity] : []
  if (!honoursTaints && affinity.every((each) => each === undefined)) return undefined
  return {
    id: JSON.stringify([affinity, honoursTaints ? [spec?.tolerations] : false]),
    has: (node) => takesPart(node, constraint, spec),
  }
}

const ignoredScore = -1

/** Fewer matching pods score higher; nodes outside of the topologies score lowest. */
function fewestFirst(scores: Float64Array, count: number): void {
  let min = Infinity
  let max = 0
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? ignoredScore
    if (score === ignoredScore) continue
    min = Math.min(min, score)
    max = Math.max(max, score)
  }
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? ignoredScore
    if (score === ignoredScore) scores[i] = 0
    else scores[i] = max === 0 ? maxScore : Math.floor((maxScore * (max + min - score)) / max)
  }
}
