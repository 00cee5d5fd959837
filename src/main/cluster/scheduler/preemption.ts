import type { Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import { findCondition } from '#shared/kube/conditions.ts'
import { labelRequirements, matchesLabels } from '#shared/kube/selectors.ts'
import type { ClusterState, Placed } from './cluster-state.ts'
import type { NodeFilter } from './node-filter.ts'
import type { NodeInfo } from './node-info.ts'
import type { NodeMemory } from './node-memory.ts'
import type { Failure } from './node-picker.ts'
import type { NominatedPods } from './nominated-pods.ts'
import type { PodInfo } from './pod-info.ts'
import { ReasonCounts } from './reasons.ts'

export interface PreemptionContext {
  cluster: ClusterState
  nominated: NominatedPods
  budgets: () => readonly PodDisruptionBudget[]
  /** Victims that were found on nodes before; none when unset. */
  memory?: PreemptionMemory
  /** Nodes to try: a share of all, and at least a number. */
  candidates: { share: number; least: number }
  /** ms since the epoch */
  now: number
  /** Random number in [0, 1): where the search begins. */
  random: () => number
}

/** What preemption does for a pod that fits nowhere. */
export type Preemption =
  /** Frees the node by ending the victims, the most important one first. */
  | { node: NodeInfo; victims: readonly PodInfo[] }
  /** Does nothing. `futile`: no victim could help anywhere, so that an earlier nomination is void. */
  | { message: string; futile: boolean }

const notHelpful = 'Preemption is not helpful for scheduling'
const noVictims = 'No preemption victims found for incoming pod'

/**
 * Finds the pods of lower priority whose removal from one node makes room for `pod`: Kubernetes' DefaultPreemption.
 * Removals are tried on the cluster state itself and reverted before this returns.
 * @param failure what the attempt to schedule the pod has found
 */
export function findPreemption(pod: PodInfo, failure: Failure, context: PreemptionContext): Preemption {
  const ineligible = ineligibility(pod, failure, context)
  if (ineligible !== undefined) return { message: ineligible, futile: false }
  const { total, candidates: nodes } = failure
  const reasons = new ReasonCounts()
  const found = candidatesAmong(pod, failure, context, reasons)
  if (found.length > 0) return bestOf(found)
  reasons.add([notHelpful], total - nodes.length)
  return { message: reasons.message(total), futile: true }
}

/** Why the pod may not preempt others. */
function ineligibility(pod: PodInfo, failure: Failure, context: PreemptionContext): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const node = context.cluster.node(context.nominated.nodeOf(pod.key) ?? '')
  // A nominated node that no removal can help is given up.
  if (!node || !failure.candidates.includes(node)) return undefined
  for (const other of node.pods.values())
    if (other.priority < pod.priority && isEndingByPreemption(other.pod))
      return 'not eligible due to a terminating pod on the nominated node.'
  return undefined
}

function isEndingByPreemption({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp === undefined) return false
  const condition = findCondition(status?.conditions, 'DisruptionTarget')
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}

export type PreemptionMemory = NodeMemory<Tried>

/** What a node would cost, or why it is no candidate. */
type Tried = Candidate | { reasons: readonly string[] }

/** A node with the pods that would have to go. */
interface Candidate {
  node: NodeInfo
  victims: readonly Victim[]
  /** Victims whose removal violates a PodDisruptionBudget. */
  violations: number
  /** What it costs by Kubernetes' criteria, the first one first; the least is best. */
  cost: readonly number[]
}

interface Victim {
  pod: PodInfo
  /** ms since the epoch; a pod that has not started counts as starting now */
  start: number
}

/** Tries the nodes from a random one on until there are enough candidates, one without violations among them. */
function candidatesAmong(
  pod: PodInfo,
  { candidates: nodes, filter }: Failure,
  context: PreemptionContext,
  reasons: ReasonCounts,
): Candidate[] {
  if (context.cluster.lowestPriority >= pod.priority) {
    reasons.add([noVictims], nodes.length)
    return []
  }
  const wanted = Math.min(
    nodes.length,
    Math.max(context.candidates.least, Math.floor(nodes.length * context.candidates.share)),
  )
  const offset = Math.floor(context.random() * nodes.length)
  const budgets = context.budgets()
  const found: Candidate[] = []
  let blameless = 0
  const attemptNow = (node: NodeInfo): Tried => tryNode(pod, node, filter, budgets, context)
  // Budgets change without their nodes.
  const known = filter.readsNodeOnly && budgets.length === 0 ? context.memory?.of(pod) : undefined
  const attempt = (node: NodeInfo): Tried =>
    known && !context.nominated.hasAny(node.name) ? known.get(node, attemptNow) : attemptNow(node)
  for (let i = 0; i < nodes.length && (found.length < wanted || blameless === 0); i++) {
    const node = nodes[(offset + i) % nodes.length]
    if (!node) continue
    const result = attempt(node)
    if ('victims' in result) {
      found.push(result)
      if (result.violations === 0) blameless++
    } else reasons.add(result.reasons)
  }
  return found
}

/**
 * The fewest and least important pods of the node that must go for `pod`: all of lower priority are removed, then as
 * many as possible are reprieved, those that budgets protect first, and the more important ones first.
 */
function tryNode(
  pod: PodInfo,
  node: NodeInfo,
  filter: NodeFilter,
  budgets: readonly PodDisruptionBudget[],
  context: PreemptionContext,
): Tried {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority)
  if (lower.length === 0) return { reasons: [noVictims] }
  const removed = new Map<PodInfo, Placed>()
  const remove = (each: PodInfo): void => {
    const placed = filter.take(each)
    if (placed) removed.set(each, placed)
  }
  const putBack = (each: PodInfo): void => {
    const placed = removed.get(each)
    if (!placed) return
    filter.put(placed)
    removed.delete(each)
  }
  return filter.trying(node, () => {
    try {
      for (const each of lower) remove(each)
      const rejection = filter.rejection(node)
      if (rejection) return { reasons: rejection.refusal.reasons }
      const potential = lower.map((each) => victimOf(each, context)).sort(byImportance)
      const guarded = violating(potential, budgets)
      const victims: Victim[] = []
      for (const victim of [...guarded, ...potential.filter((each) => !guarded.has(each))]) {
        putBack(victim.pod)
        if (!filter.rejection(node)) continue
        remove(victim.pod)
        victims.push(victim)
      }
      const violations = victims.filter((victim) => guarded.has(victim)).length
      victims.sort(byImportance)
      return { node, victims, violations, cost: costOf(victims, violations) }
    } finally {
      for (const each of [...removed.keys()]) putBack(each)
    }
  })
}

function victimOf(pod: PodInfo, { now }: PreemptionContext): Victim {
  const start = Date.parse(pod.pod.status?.startTime ?? '')
  return { pod, start: Number.isNaN(start) ? now : start }
}

/** A higher priority is more important, then a longer life. */
const byImportance = (a: Victim, b: Victim): number => b.pod.priority - a.pod.priority || a.start - b.start

/** The victims whose removal violates a budget, when all are removed in this order. */
function violating(victims: readonly Victim[], budgets: readonly PodDisruptionBudget[]): Set<Victim> {
  const allowances = budgets.map(({ metadata, spec, status }) => ({
    namespace: metadata.namespace,
    requirements: labelRequirements(spec?.selector) ?? [],
    disrupted: status?.disruptedPods ?? {},
    left: status?.disruptionsAllowed ?? 0,
  }))
  const found = new Set<Victim>()
  for (const victim of victims) {
    const { namespace, labels, pod } = victim.pod
    for (const allowance of allowances) {
      if (allowance.namespace !== namespace || Object.keys(labels).length === 0) continue
      // As in Kubernetes, a budget with an empty selector protects nothing here.
      if (allowance.requirements.length === 0 || !matchesLabels(allowance.requirements, labels)) continue
      // Its eviction is counted already.
      if (allowance.disrupted[pod.metadata.name] !== undefined) continue
      allowance.left--
      if (allowance.left < 0) found.add(victim)
    }
  }
  return found
}

/** Lifts priorities, which may be negative, above zero, so that more victims always sum up to more. */
const priorityOffset = 2 ** 31

const costOf = (victims: readonly Victim[], violations: number): number[] => [
  violations,
  highestPriority(victims),
  victims.reduce((sum, { pod }) => sum + pod.priority + priorityOffset, 0),
  victims.length,
  // The most important victims should have started as late as possible.
  -earliestStart(victims),
]

function bestOf(candidates: readonly Candidate[]): { node: NodeInfo; victims: readonly PodInfo[] } {
  const best = candidates.reduce((least, candidate) => (isCheaper(candidate, least) ? candidate : least))
  return { node: best.node, victims: best.victims.map(({ pod }) => pod) }
}

function isCheaper({ cost }: Candidate, { cost: other }: Candidate): boolean {
  for (const [index, value] of cost.entries()) {
    const theirs = other[index] ?? value
    if (value !== theirs) return value < theirs
  }
  return false
}

const highestPriority = ([first]: readonly Victim[]): number => first?.pod.priority ?? -Infinity

const earliestStart = (victims: readonly Victim[]): number =>
  victims
    .filter(({ pod }) => pod.priority === highestPriority(victims))
    .reduce((earliest, { start }) => Math.min(earliest, start), Infinity)
