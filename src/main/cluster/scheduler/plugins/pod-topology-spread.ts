import type { LabelSelector, Pod, PodSpec, TopologySpreadConstraint } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { selectsNode } from '#shared/kube/node-selection.ts'
import { labelRequirements, matchesLabels, type LabelRequirement } from '#shared/kube/selectors.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
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
import type { DomainLevels, NodeCounts, NodeSubset } from '../node-counts.ts'
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
  const owner = controllerOf(pod)
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

/** Counts are those of the cluster state, which follow pods that are taken away for trial by themselves. */
function boundSkew(
  pod: PodInfo,
  cluster: ClusterState,
  constraints: readonly Constraint[],
): Required<Pick<Plan, 'filter'>> {
  const bounds = constraints.map((constraint) => boundOf(pod, cluster, constraint, constraints))
  return {
    filter({ labels }) {
      for (const { constraint, levels, self } of bounds) {
        const domain = labels[constraint.topologyKey]
        if (domain === undefined) return noDomain
        // minDomains: missing domains count as empty.
        const least = levels.size < constraint.minDomains ? 0 : levels.least
        if ((levels.get(domain) ?? 0) + self - least > constraint.maxSkew) return tooSkewed
      }
      return undefined
    },
  }
}

interface Bound {
  constraint: Constraint
  levels: DomainLevels
  /** Whether the pod counts itself. */
  self: 0 | 1
}

function boundOf(pod: PodInfo, cluster: ClusterState, constraint: Constraint, all: readonly Constraint[]): Bound {
  const topology = cluster.topology(constraint.topologyKey, participantsWithAll(pod, constraint, all))
  const self = selectsPod(constraint.selector, pod, cluster.namespaceLabels) ? 1 : 0
  return { constraint, levels: countsOf(constraint.selector, cluster).levels(topology), self }
}

/** A node that lacks one of the topology keys is not counted for any constraint. */
function participantsWithAll(pod: PodInfo, constraint: Constraint, all: readonly Constraint[]): NodeSubset {
  const subset = participants(pod, constraint)
  const keys = all.map(({ topologyKey }) => topologyKey)
  return {
    id: `${keys.join(',')}|${subset?.id ?? ''}`,
    has: (node) =>
      node.node !== undefined && keys.every((key) => node.labels[key] !== undefined) && (!subset || subset.has(node)),
  }
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
