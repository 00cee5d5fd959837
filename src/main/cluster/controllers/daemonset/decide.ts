import { keyOf } from '#shared/client/informer.ts'
import type { DaemonSet, Node, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { resolveCount } from '#shared/kube/int-or-string.ts'
import { selectsNode } from '#shared/kube/node-selection.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import { byAge, isAvailable, isOfRevision, isStaying, targetOf, withTolerations } from './pods.ts'

/** What a decision is made from: the caches, at one moment. */
export interface Snapshot {
  set: Stored<DaemonSet>
  /** Those that the DaemonSet controls. */
  pods: readonly Stored<Pod>[]
  nodes: readonly Stored<Node>[]
  /** The value of `controller-revision-hash` of pods of the present template. */
  hash: string
  /** ms since the epoch */
  now: number
}

export interface Decision {
  /** Names of nodes that get a new pod each. */
  create: string[]
  remove: Removal[]
  /** What the decision was made from, by node; the status is too. */
  nodes: NodeState[]
}

export interface Removal {
  pod: Stored<Pod>
  /** An event for the DaemonSet. */
  why?: { type: 'Normal' | 'Warning'; reason: string; message: string } | undefined
}

export interface NodeState {
  name: string
  /** Whether the node should get a pod where it has none. */
  shouldRun: boolean
  /** Whether a pod that is there may stay: NoSchedule taints do not drive it away. */
  shouldStay: boolean
  pods: Stored<Pod>[]
}

/** One pod on every node that the DaemonSet fits; then, pods of old templates are replaced within the strategy's bounds. */
export function decide(snapshot: Snapshot): Decision {
  const { set, pods, nodes } = snapshot
  const byNode = groupByTarget(pods)
  const spec = withTolerations(set.spec?.template?.spec)
  const states = nodes.map((node) => stateOf(node, spec, byNode.get(node.metadata.name) ?? []))
  const decision: Decision = { create: [], remove: strandedPods(byNode, states), nodes: states }
  for (const state of states) placeOn(snapshot, state, decision)
  if ((set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate') rollOver(snapshot, decision)
  return decision
}

function groupByTarget(pods: readonly Stored<Pod>[]): Map<string, Stored<Pod>[]> {
  const groups = new Map<string, Stored<Pod>[]>()
  for (const pod of pods) {
    const target = targetOf(pod)
    if (!target) continue
    const group = groups.get(target)
    if (group) group.push(pod)
    else groups.set(target, [pod])
  }
  return groups
}

/** Pods that wait for a node that is gone. Those that ran there are the pod collector's to delete. */
function strandedPods(byNode: ReadonlyMap<string, Stored<Pod>[]>, states: readonly NodeState[]): Removal[] {
  const known = new Set(states.map(({ name }) => name))
  return [...byNode]
    .filter(([target]) => !known.has(target))
    .flatMap(([, pods]) => pods.filter((pod) => !pod.spec?.nodeName && isStaying(pod)))
    .map((pod) => ({ pod }))
}

/** What the scheduler would say, resources aside: the pod waits on its node for those. */
function stateOf(node: Stored<Node>, spec: PodSpec, pods: Stored<Pod>[]): NodeState {
  const name = node.metadata.name
  const fits = (!spec.nodeName || spec.nodeName === name) && selectsNode(spec, node)
  const { taints } = node.spec ?? {}
  return {
    name,
    pods,
    shouldRun: fits && !untolerated(taints, spec.tolerations, ['NoSchedule', 'NoExecute']),
    shouldStay: fits && !untolerated(taints, spec.tolerations, ['NoExecute']),
  }
}

/** One pod for a node that should have one, none for others; finished pods make room for the next. */
function placeOn(snapshot: Snapshot, { name, shouldRun, shouldStay, pods }: NodeState, decision: Decision): void {
  if (!shouldStay) {
    decision.remove.push(...pods.filter(isStaying).map((pod) => ({ pod })))
    return
  }
  if (pods.length === 0) {
    if (shouldRun) decision.create.push(name)
    return
  }
  const running: Stored<Pod>[] = []
  for (const pod of pods) {
    if (!isStaying(pod)) continue
    if (isPodTerminal(pod)) decision.remove.push({ pod, why: whyFinished(pod, name) })
    else running.push(pod)
  }
  decision.remove.push(...surplusOf(snapshot, running).map((pod) => ({ pod })))
}

function whyFinished(pod: Stored<Pod>, node: string): Removal['why'] {
  const failed = pod.status?.phase === 'Failed'
  const [adjective, verb] = failed ? (['failed', 'kill'] as const) : (['succeeded', 'delete'] as const)
  return {
    type: failed ? 'Warning' : 'Normal',
    reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
    message: `Found ${adjective} daemon pod ${keyOf(pod)} on node ${node}, will try to ${verb} it`,
  }
}

/** The oldest pod stays; under a surge a ready old one and its successor are there together until the latter is available. */
function surplusOf({ set, hash, now }: Snapshot, running: readonly Stored<Pod>[]): Stored<Pod>[] {
  if (running.length <= 1) return []
  const sorted = [...running].sort(byAge)
  if (maxSurgeOf(set, 1) === 0) return sorted.slice(1)
  const [successor, ...otherNew] = sorted.filter((pod) => isOfRevision(pod, hash))
  const [old, ...otherOld] = sorted.filter((pod) => !isOfRevision(pod, hash))
  const done = successor && old && (!isPodReady(old) || isAvailable(set, successor, now)) ? [old] : []
  return [...otherNew, ...otherOld, ...done]
}

/** Replaces pods of old templates, as many at a time as may be missing, or may be doubled under a surge. */
function rollOver(snapshot: Snapshot, decision: Decision): void {
  const { set } = snapshot
  const desired = decision.nodes.filter(({ shouldRun }) => shouldRun).length
  const states = decision.nodes.filter(({ shouldStay }) => shouldStay)
  const surge = maxSurgeOf(set, desired)
  const unavailable = resolveCount(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, 'up')
  if (surge > 0) decision.create.push(...nodesToSurge(snapshot, states, surge))
  else decision.remove.push(...podsToReplace(snapshot, states, unavailable).map((pod) => ({ pod })))
}

/** Old pods to delete so that no more than `maxUnavailable` are missing: those that are not available cost nothing. */
function podsToReplace(
  { set, hash, now }: Snapshot,
  states: readonly NodeState[],
  maxUnavailable: number,
): Stored<Pod>[] {
  let missing = 0
  const broken: Stored<Pod>[] = []
  const healthy: Stored<Pod>[] = []
  for (const { pods } of states) {
    const running = pods.filter((pod) => isStaying(pod) && !isPodTerminal(pod))
    const [only] = running
    if (!only || running.length > 1) missing++
    else if (isOfRevision(only, hash)) missing += isAvailable(set, only, now) ? 0 : 1
    else if (isAvailable(set, only, now)) healthy.push(only)
    else {
      broken.push(only)
      missing++
    }
  }
  return [...broken, ...healthy.slice(0, Math.max(0, maxUnavailable - missing))]
}

/** Nodes that get a new pod beside their old one; those whose old pod is not available first, and whatever the bound. */
function nodesToSurge({ set, hash, now }: Snapshot, states: readonly NodeState[], maxSurge: number): string[] {
  let doubled = 0
  const broken: string[] = []
  const healthy: string[] = []
  for (const { name, shouldRun, pods } of states) {
    const running = pods.filter((pod) => isStaying(pod) && !isPodTerminal(pod))
    const old = running.find((pod) => !isOfRevision(pod, hash))
    if (!old || !shouldRun) continue
    if (running.some((pod) => isOfRevision(pod, hash))) doubled++
    else if (isAvailable(set, old, now)) healthy.push(name)
    else broken.push(name)
  }
  return [...broken, ...healthy.slice(0, Math.max(0, maxSurge - doubled))]
}

const maxSurgeOf = ({ spec }: DaemonSet, desired: number): number =>
  spec?.updateStrategy?.type === 'OnDelete'
    ? 0
    : resolveCount(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, desired, 'up')
