import { setCondition, findCondition } from '#shared/kube/conditions.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Lease, Node, NodeCondition, Pod, Taint } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isNodeReady, notReadyTaints } from '#shared/kube/node.ts'
import { isPodReady, podCondition } from '#shared/kube/pod.ts'
import { leases, nodes, pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

export interface NodeLifecycleOptions {
  /** Silence after which a node counts as unreachable, ms; 40 s as in Kubernetes when unset. */
  monitorGraceMs?: number
  /** The same for a node that has never reported, ms; 60 s when unset. */
  startupGraceMs?: number
}

/** Of the grace: how late a look may come that was due at its end. */
const lateness = 1.5

/** Conditions that only the kubelet reports. */
const kubeletConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

/**
 * Notices nodes that fall silent (no renewal of their Lease, no status), says so in their conditions and in those of
 * their pods, and taints nodes by their conditions; what a taint means to pods is the scheduler's and taint-eviction's.
 *
 * Silence is measured on this process's own clock from what this process saw, so that neither clock skew nor a pause
 * of the whole cluster condemns a node: after a start everybody has a full period to be heard of.
 */
export function startNodeLifecycle(context: ControllerContext, options: NodeLifecycleOptions = {}): Stop {
  const { client, clock } = context
  const { monitorGraceMs = 40_000, startupGraceMs = 60_000 } = options
  const log = context.log.child({ controller: 'node-lifecycle' })
  const recorder = recorderOf(context, 'node-lifecycle', 'node-controller')
  const nodeInformer = context.informers.share(nodes)
  const leaseInformer = context.informers.share(leases)
  const podInformer = context.informers.share(pods)
  podInformer.addIndex('node-name', (pod) => pod.spec?.nodeName)
  /** When something was last heard of a node. */
  const heard = new Map<string, number>()

  async function reconcile(name: string): Promise<Outcome> {
    const node = nodeInformer.get(name)
    if (!node) {
      heard.delete(name)
      return undefined
    }
    const grace = conditionOf(node, 'Ready') ? monitorGraceMs : startupGraceMs
    if (wasAsleep(node, grace)) heard.set(name, clock.now())
    const silence = clock.now() - heardOf(name)
    const judged = silence >= grace ? await markUnknown(node) : node
    const changed = await writeTaints(judged)
    if (isNodeReady(judged)) {
      if (changed) lookAtOthers(judged)
    } else if (conditionOf(judged, 'Ready')) await markPodsNotReady(judged)
    return { requeueAfter: silence >= grace ? grace : grace - silence }
  }

  function heardOf(name: string): number {
    const time = heard.get(name) ?? clock.now()
    heard.set(name, time)
    return time
  }

  /**
   * Silence is noticed the moment that it lasts long enough. Noticed much later, it was this process (or the machine,
   * and the workers with it) that slept: everybody gets a full period to be heard of again.
   */
  const wasAsleep = (node: Stored<Node>, grace: number): boolean =>
    conditionOf(node, 'Ready')?.status !== 'Unknown' && clock.now() - heardOf(node.metadata.name) > grace * lateness

  async function markUnknown(node: Stored<Node>): Promise<Stored<Node>> {
    const conditions = unknownConditions(node, timestamp(clock.now()))
    if (jsonEqual(conditions, node.status?.conditions)) return node
    log.warn('node is silent', { node: node.metadata.name })
    const written = await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } })
    await nodeInformer.caughtUp(written)
    say(node, 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`)
    return written
  }

  /** @returns whether they changed. */
  async function writeTaints(node: Stored<Node>): Promise<boolean> {
    const present = node.spec?.taints ?? []
    const taints = taintsOf(node, { evict: isNodeReady(node) || !isEveryNodeLost(), now: timestamp(clock.now()) })
    if (jsonEqual(taints, present)) return false
    // With the resourceVersion that was judged: a concurrent change is a conflict, and retried.
    await nodeInformer.caughtUp(
      await client.patch(
        nodes,
        { name: node.metadata.name },
        {
          type: 'merge',
          body: {
            metadata: { resourceVersion: node.metadata.resourceVersion },
            spec: { taints: taints.length > 0 ? taints : null },
          },
        },
      ),
    )
    return true
  }

  /** Where every node is silent, the fault is likely on this side, and no node could take the pods: none is evicted. */
  const isEveryNodeLost = (): boolean => nodeInformer.list().every((node) => !isNodeReady(node))

  /** Once one node is back, pods of the others can be evicted again. */
  function lookAtOthers(recovered: Node): void {
    const others = nodeInformer.list().filter((node) => node.metadata.name !== recovered.metadata.name)
    for (const node of others) if (lacksEviction(node)) controller.enqueue(node.metadata.name)
  }

  /** The kubelet cannot report it: without this, Services would still send traffic to the node's pods. */
  async function markPodsNotReady(node: Stored<Node>): Promise<void> {
    const ready = podInformer.byIndex('node-name', node.metadata.name).filter(isPodReady)
    await Promise.all(ready.map((pod) => markPodNotReady(pod)))
  }

  async function markPodNotReady(pod: Stored<Pod>): Promise<void> {
    const ready = { ...podCondition(pod, 'Ready'), type: 'Ready', status: 'False' }
    const conditions = setCondition(pod.status?.conditions, ready, timestamp(clock.now()))
    try {
      await podInformer.caughtUp(await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } }))
      recorder.event({ ...pod, apiVersion: 'v1', kind: 'Pod' }, 'Warning', 'NodeNotReady', 'Node is not ready')
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  function say(node: Stored<Node>, reason: string, message: string): void {
    recorder.event({ ...node, apiVersion: 'v1', kind: 'Node' }, 'Normal', reason, message)
  }

  /** A heartbeat costs nothing but a note of its time; the node's own delayed look reads it. */
  const hearing = [
    leaseInformer.onChange({
      updated: (previous, lease) => {
        if (previous.spec?.renewTime !== lease.spec?.renewTime) hear(nodeOfLease(lease))
      },
    }),
    nodeInformer.onChange({
      added: (node) => hear(node.metadata.name),
      updated: (previous, node) => {
        if (hasReported(previous, node)) hear(node.metadata.name)
      },
    }),
  ]
  function hear(name: string | undefined): void {
    if (name) heard.set(name, clock.now())
  }

  const controller = runController({
    ...context,
    name: 'node-lifecycle',
    reconcile,
    shares: [nodeInformer, leaseInformer, podInformer],
    workers: 8,
    watches: [
      watch(nodeInformer, ({ metadata }) => metadata.name, changesHealth),
      // A pod that becomes Ready on a node that is lost (its status was on the way) is set right.
      watch(podInformer, (pod) => (isPodReady(pod) && isLost(pod.spec?.nodeName) ? pod.spec?.nodeName : undefined)),
    ],
  })

  function isLost(name: string | undefined): boolean {
    const node = name ? nodeInformer.get(name) : undefined
    return node !== undefined && conditionOf(node, 'Ready')?.status === 'Unknown'
  }

  return async () => {
    for (const stop of hearing) void stop()
    await controller.stop()
  }
}

/** Node heartbeats live in this namespace, under the name of their node. */
const nodeOfLease = ({ metadata }: Lease): string | undefined =>
  metadata.namespace === 'kube-node-lease' ? metadata.name : undefined

const conditionOf = (node: Node, type: string): NodeCondition | undefined =>
  findCondition(node.status?.conditions, type)

/** Whether the kubelet has posted its status: writes of this controller keep lastHeartbeatTime. */
const hasReported = (previous: Node, node: Node): boolean =>
  conditionOf(previous, 'Ready')?.lastHeartbeatTime !== conditionOf(node, 'Ready')?.lastHeartbeatTime

const changesHealth = (previous: Node, node: Node): boolean =>
  kubeletConditions
    .concat('NetworkUnavailable')
    .some((type) => conditionOf(previous, type)?.status !== conditionOf(node, type)?.status) ||
  previous.spec?.unschedulable !== node.spec?.unschedulable ||
  !jsonEqual(previous.spec?.taints, node.spec?.taints)

function unknownConditions(node: Node, now: string): NodeCondition[] {
  const present = node.status?.conditions ?? []
  const others = present.filter(({ type }) => !kubeletConditions.includes(type))
  return [...kubeletConditions.map((type) => unknownCondition(node, type, now)), ...others]
}

function unknownCondition(node: Node, type: string, now: string): NodeCondition {
  const present = conditionOf(node, type)
  if (present?.status === 'Unknown') return present
  return {
    type,
    status: 'Unknown',
    reason: present ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
    message: present ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
    lastHeartbeatTime: present?.lastHeartbeatTime ?? node.metadata.creationTimestamp ?? now,
    lastTransitionTime: now,
  }
}

/** Taints that follow from conditions: by condition type and status. */
const conditionTaints: readonly [type: string, status: string, key: string][] = [
  ['Ready', 'False', 'node.kubernetes.io/not-ready'],
  ['Ready', 'Unknown', 'node.kubernetes.io/unreachable'],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
]
const unschedulableTaint = 'node.kubernetes.io/unschedulable'
const managedTaints = new Set([...conditionTaints.map(([, , key]) => key), unschedulableTaint])

/** All taints that the node should have: those of others unchanged, the managed ones by its conditions. */
function taintsOf(node: Node, { evict, now }: { evict: boolean; now: string }): Taint[] {
  const present = node.spec?.taints ?? []
  const wanted = new Set<string>()
  for (const [type, status, key] of conditionTaints) {
    if (conditionOf(node, type)?.status !== status) continue
    wanted.add(`${key}:NoSchedule`)
    if (evict && type === 'Ready') wanted.add(`${key}:NoExecute`)
  }
  if (node.spec?.unschedulable) wanted.add(`${unschedulableTaint}:NoSchedule`)

  const kept = present.filter((taint) => !managedTaints.has(taint.key) || wanted.has(idOf(taint)))
  const ids = new Set(kept.map(idOf))
  const added = [...wanted].filter((id) => !ids.has(id)).map((id) => taintOf(id, now))
  return [...kept, ...added]
}

const idOf = ({ key, effect }: Taint): string => `${key}:${effect}`

function taintOf(id: string, now: string): Taint {
  const at = id.lastIndexOf(':')
  return { key: id.slice(0, at), effect: id.slice(at + 1), timeAdded: now }
}

/** Not ready, and without the taint that evicts. */
const lacksEviction = (node: Node): boolean =>
  !isNodeReady(node) &&
  conditionOf(node, 'Ready') !== undefined &&
  !node.spec?.taints?.some(({ key, effect }) => effect === 'NoExecute' && notReadyTaints.includes(key))
