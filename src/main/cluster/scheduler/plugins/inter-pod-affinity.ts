import type { ClusterState } from '../cluster-state.ts'
import type { PluginArgs } from '../configuration/plugin-args.ts'
import {
  maxScore,
  resolvable,
  unresolvable,
  type Plan,
  type Plugin,
  type PluginContext,
  type Refusal,
  type Scorer,
} from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo, Term } from '../pod-info.ts'
import type { TermKind } from '../pod-groups.ts'
import { selectsPod, type NamespaceLabels } from '../pod-selector.ts'

const noAffinity = unresolvable("node(s) didn't match pod affinity rules")
const antiAffinity = resolvable("node(s) didn't match pod anti-affinity rules")
const existingAntiAffinity = resolvable("node(s) didn't satisfy existing pods anti-affinity rules")

/**
 * Inter-pod affinity and anti-affinity: in the same domain of a topology (node, zone, …) as other pods, or in none.
 * Anti-affinity is symmetric: that of placed pods keeps incoming pods away.
 */
export const interPodAffinity = ({ args, informers }: Pick<PluginContext, 'args' | 'informers'>): Plugin => {
  const labelsOf: NamespaceLabels = (namespace) => informers.namespaces.get(namespace)?.metadata.labels
  return {
    name: 'InterPodAffinity',

    plan(pod, cluster): Plan | undefined {
      const isFree = hasNoRequiredTerms(pod)
      let tests = testsOf(pod, cluster)
      return {
        readsNodeOnly: tests.length === 0,
        filter: (node) => (tests.length === 0 ? undefined : tests.find((test) => test.refuses(node))?.refusal),
        podChanged(_, other) {
          if (!isFree || other.affinity.requiredAnti.length > 0) tests = testsOf(pod, cluster)
        },
        score: preference(pod, cluster, args.InterPodAffinity),
      }
    },

    interests: ['pod-added', 'pod-removed', 'node-added', 'node-labels', 'namespaces'],
    mayHelp(change, pod) {
      const { required, requiredAnti } = pod.affinity
      switch (change.type) {
        case 'pod-added':
          return required.length > 0 && required.every(({ selector }) => selectsPod(selector, change.pod, labelsOf))
        case 'pod-removed':
          return (
            requiredAnti.some(({ selector }) => selectsPod(selector, change.pod, labelsOf)) ||
            change.pod.affinity.requiredAnti.some(({ selector }) => selectsPod(selector, pod, labelsOf))
          )
        case 'node-added':
        case 'node-labels':
          return required.every(({ topologyKey }) => change.node.labels[topologyKey] !== undefined)
        default:
          return change.type === 'namespaces'
      }
    },
  }
}

const hasNoRequiredTerms = ({ affinity }: PodInfo): boolean =>
  affinity.required.length === 0 && affinity.requiredAnti.length === 0

const testsOf = (pod: PodInfo, cluster: ClusterState): Test[] => [
  ...affinityTests(pod, cluster),
  ...antiAffinityTests(pod, cluster),
  ...existingTests(pod, cluster),
]

interface Test {
  refusal: Refusal
  refuses(node: NodeInfo): boolean
}

type Domains = ReadonlyMap<string, number>

function* affinityTests(pod: PodInfo, cluster: ClusterState): Iterable<Test> {
  const { required } = pod.affinity
  if (required.length === 0) return
  // As in Kubernetes, a pod counts for the terms only where all of them select it.
  const counts = cluster.groups.counts({ selectors: required.map(({ selector }) => selector), terminating: true })
  const domains = required.map(({ topologyKey }): [string, Domains] => [topologyKey, counts.domains(topologyKey)])
  // The first pod of a group that selects itself finds no other: it fits everywhere.
  const isFirst =
    domains.every(([, counted]) => counted.size === 0) &&
    required.every(({ selector }) => selectsPod(selector, pod, cluster.namespaceLabels))
  yield {
    refusal: noAffinity,
    refuses: ({ labels }) =>
      domains.some(([key, counted]) => {
        const domain = labels[key]
        return domain === undefined || (!isFirst && !counted.has(domain))
      }),
  }
}

function* antiAffinityTests(pod: PodInfo, cluster: ClusterState): Iterable<Test> {
  for (const { selector, topologyKey } of pod.affinity.requiredAnti) {
    const domains = cluster.groups.counts({ selectors: [selector], terminating: true }).domains(topologyKey)
    if (domains.size > 0) yield { refusal: antiAffinity, refuses: isIn(topologyKey, domains) }
  }
}

function* existingTests(pod: PodInfo, cluster: ClusterState): Iterable<Test> {
  for (const { topologyKey, counts } of cluster.terms.selecting('requiredAnti', pod, cluster.namespaceLabels))
    yield { refusal: existingAntiAffinity, refuses: isIn(topologyKey, counts.domains(topologyKey)) }
}

const isIn =
  (topologyKey: string, domains: Domains) =>
  ({ labels }: NodeInfo): boolean => {
    const domain = labels[topologyKey]
    return domain !== undefined && domains.has(domain)
  }

/** Adds up weights by domain. */
interface Weights {
  topologyKey: string
  factor: number
  domains: Domains
}

function preference(pod: PodInfo, cluster: ClusterState, args: PluginArgs['InterPodAffinity']): Scorer | undefined {
  const weights = [...ownWeights(pod, cluster), ...existingWeights(pod, cluster, args)]
  if (weights.length === 0) return undefined
  return {
    score({ labels }) {
      let sum = 0
      for (const { topologyKey, factor, domains } of weights) {
        const domain = labels[topologyKey]
        if (domain !== undefined) sum += factor * (domains.get(domain) ?? 0)
      }
      return sum
    },
    normalize: spread,
  }
}

function* ownWeights({ affinity }: PodInfo, { groups }: ClusterState): Iterable<Weights> {
  const domainsOf = ({ selector, topologyKey }: Term): Domains =>
    groups.counts({ selectors: [selector], terminating: true }).domains(topologyKey)
  for (const term of affinity.preferred)
    yield { topologyKey: term.topologyKey, factor: term.weight, domains: domainsOf(term) }
  for (const term of affinity.preferredAnti)
    yield { topologyKey: term.topologyKey, factor: -term.weight, domains: domainsOf(term) }
}

/** Preferred terms of placed pods that select the incoming pod; their required terms count with a weight of the profile. */
function* existingWeights(
  pod: PodInfo,
  cluster: ClusterState,
  { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }: PluginArgs['InterPodAffinity'],
): Iterable<Weights> {
  // A pod without preferences of its own may leave those of others out of account.
  const ignores =
    ignorePreferredTermsOfExistingPods && pod.affinity.preferred.length === 0 && pod.affinity.preferredAnti.length === 0
  const kinds: [TermKind, number][] = ignores
    ? []
    : [
        ['required', hardPodAffinityWeight],
        ['preferred', 1],
        ['preferredAnti', -1],
      ]
  for (const [kind, factor] of kinds)
    for (const { topologyKey, counts } of cluster.terms.selecting(kind, pod, cluster.namespaceLabels))
      if (factor !== 0) yield { topologyKey, factor, domains: counts.domains(topologyKey) }
}

/** The lowest sum becomes 0, the highest `maxScore`; sums may be negative. */
function spread(scores: Float64Array, count: number): void {
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < count; i++) {
    min = Math.min(min, scores[i] ?? 0)
    max = Math.max(max, scores[i] ?? 0)
  }
  for (let i = 0; i < count; i++)
    scores[i] = max === min ? 0 : Math.floor((maxScore * ((scores[i] ?? 0) - min)) / (max - min))
}
