import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  DeviceClass,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceResourceClaim,
  ResourceSlice,
  StorageClass,
  VolumeAttachment,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { NodeSubset, Topology } from './node-counts.ts'
import { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import { PlacedTerms, PodGroups } from './pod-groups.ts'
import type { LabelPair, NamespaceLabels } from './pod-selector.ts'
import { LabelIndex } from './selector-index.ts'

/** A change of the cluster that may make a rejected pod schedulable. */
export type Change =
  | { type: 'node-added' | 'node-labels' | 'node-taints' | 'node-allocatable'; node: NodeInfo }
  | { type: 'pod-added'; node: NodeInfo; pod: PodInfo }
  | { type: 'pod-removed'; node: NodeInfo; pod: PodInfo }
  | { type: 'namespaces' }
  | ObjectChange

/** An object besides nodes and pods was added, updated or deleted. */
export type ObjectChange =
  | ({ type: 'claim' } & Changed<PersistentVolumeClaim>)
  | ({ type: 'volume' } & Changed<PersistentVolume>)
  | ({ type: 'storage-class' } & Changed<StorageClass>)
  | ({ type: 'csi-node' } & Changed<CSINode>)
  | ({ type: 'csi-driver' } & Changed<CSIDriver>)
  | ({ type: 'storage-capacity' } & Changed<CSIStorageCapacity>)
  | ({ type: 'volume-attachment' } & Changed<VolumeAttachment>)
  | ({ type: 'resource-claim' } & Changed<ResourceResourceClaim>)
  | ({ type: 'resource-slice' } & Changed<ResourceSlice>)
  | ({ type: 'device-class' } & Changed<DeviceClass>)

export interface Changed<T extends KubeObject> {
  action: 'added' | 'updated' | 'deleted'
  object: Stored<T>
  /** The version before an update. */
  previous?: Stored<T>
}

/** A pod on a node. */
export interface Placed {
  readonly pod: PodInfo
  readonly node: NodeInfo
  /** Placed by the scheduler, and not confirmed by the API server yet. */
  assumed: boolean
}

/** Most topologies that are kept: beyond this number all are dropped. */
const rememberedTopologies = 256

const zoneLabel = 'topology.kubernetes.io/zone'

/**
 * Nodes with their pods as the scheduler sees them: the informers' state, and its own decisions that the API server has
 * not confirmed yet (assumed pods). Updated with every change; a scheduling cycle reads it without a copy, since it is
 * synchronous.
 */
export class ClusterState {
  /** Counts of pods by selector and node. */
  readonly groups: PodGroups
  /** Affinity terms of the pods that are placed. */
  readonly terms = new PlacedTerms()
  readonly namespaceLabels: NamespaceLabels
  readonly #byName = new Map<string, NodeInfo>()
  readonly #placed = new Map<string, Placed>()
  readonly #placedByLabel = new LabelIndex<Placed>()
  /** Values of topology labels on subsets of the nodes. */
  readonly #topologies = new Map<string, Topology>()
  /** Number of placed pods by priority. */
  readonly #priorities = new Map<number, number>()
  readonly #imageHolders = new Map<string, number>()
  /** Number of placed pods by the claims that they use. */
  readonly #claimUsers = new Map<string, number>()
  #nodes: NodeInfo[] | undefined
  #softlyTainted = 0
  #nextSerial = 0

  constructor(namespaceLabels: NamespaceLabels = () => undefined) {
    this.namespaceLabels = namespaceLabels
    this.groups = new PodGroups((label) => this.#placedWith(label), namespaceLabels)
  }

  /** All nodes, interleaved by zone, so that a search that stops early has covered every zone. */
  get nodes(): readonly NodeInfo[] {
    return (this.#nodes ??= interleaveZones([...this.#byName.values()].filter(({ node }) => node)))
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#byName.get(name)
    return info?.node ? info : undefined
  }

  /** Number of nodes that have an image. */
  imageHolders(name: string): number {
    return this.#imageHolders.get(name) ?? 0
  }

  /** Number of placed pods that use a PersistentVolumeClaim. @param key `namespace/name` */
  claimUsers(key: string): number {
    return this.#claimUsers.get(key) ?? 0
  }

  /** The domains of a topology on a subset of the nodes. */
  topology(key: string, subset: NodeSubset): Topology {
    const id = `${key}|${subset.id}`
    const known = this.#topologies.get(id)
    if (known) return known
    const values = new Set<string>()
    for (const node of this.nodes) {
      const value = node.labels[key]
      if (value !== undefined && subset.has(node)) values.add(value)
    }
    const topology = { key, subset, values }
    if (this.#topologies.size >= rememberedTopologies) this.#topologies.clear()
    this.#topologies.set(id, topology)
    return topology
  }

  /** Whether any node has a PreferNoSchedule taint. */
  get hasSoftTaints(): boolean {
    return this.#softlyTainted > 0
  }

  setNode(node: Stored<Node>): Change[] {
    const info = this.#infoOf(node.metadata.name)
    const previous = info.node
    if (previous && isSameToScheduler(previous, node)) {
      info.node = node
      return []
    }
    this.#countNode(info, -1)
    info.setNode(node)
    this.#countNode(info, 1)
    if (!previous) {
      this.#topologyChanged()
      return [{ type: 'node-added', node: info }]
    }
    const changes: Change[] = []
    if (!jsonEqual(previous.metadata.labels, node.metadata.labels)) {
      this.#topologyChanged()
      changes.push({ type: 'node-labels', node: info })
    }
    if (
      !jsonEqual(previous.spec?.taints, node.spec?.taints) ||
      (previous.spec?.unschedulable ?? false) !== info.unschedulable
    ) {
      this.#topologyChanged()
      changes.push({ type: 'node-taints', node: info })
    }
    if (!jsonEqual(previous.status?.allocatable, node.status?.allocatable))
      changes.push({ type: 'node-allocatable', node: info })
    return changes
  }

  removeNode(name: string): void {
    const info = this.#byName.get(name)
    if (!info) return
    this.#countNode(info, -1)
    info.setNode(undefined)
    if (info.pods.size === 0) this.#byName.delete(name)
    this.#topologyChanged()
  }

  /** The placed pod under `key`, assumed or confirmed. */
  placed(key: string): PodInfo | undefined {
    return this.#placed.get(key)?.pod
  }

  /** Places a pod by its API object; this replaces an assumption. */
  setPod(pod: PodInfo, nodeName: string): Change[] {
    const before = this.#placed.get(pod.key)
    if (before?.node.name === nodeName && before.pod.uid === pod.uid && isSameLoad(before.pod, pod)) {
      const { assumed } = before
      this.#confirm(before.pod, pod)
      return assumed ? [{ type: 'pod-added', node: before.node, pod }] : []
    }
    const removed = this.removePod(pod.key)
    this.put({ pod, node: this.#infoOf(nodeName), assumed: false })
    return [...removed, { type: 'pod-added', node: this.#infoOf(nodeName), pod }]
  }

  /** Takes over a version of a placed pod whose placement is the same. */
  refresh(key: string, pod: Stored<Pod>): void {
    const placed = this.#placed.get(key)
    if (!placed || placed.pod.uid !== pod.metadata.uid) return
    // Preemption reads when pods have started.
    if (placed.pod.pod.status?.startTime !== pod.status?.startTime) placed.node.generation++
    placed.pod.pod = pod
  }

  removePod(key: string): Change[] {
    const placed = this.take(key)
    if (!placed) return []
    const { pod, node } = placed
    if (!node.node && node.pods.size === 0) this.#byName.delete(node.name)
    return [{ type: 'pod-removed', node, pod }]
  }

  /** Removes a pod for trial; `put` reverts it. */
  take(key: string): Placed | undefined {
    const placed = this.#placed.get(key)
    if (!placed) return undefined
    const { pod, node } = placed
    this.#placed.delete(key)
    for (const label in pod.labels) this.#placedByLabel.delete({ key: label, value: pod.labels[label] ?? '' }, placed)
    bump(this.#priorities, pod.priority, -1)
    for (const claim of pod.claims) bump(this.#claimUsers, claim, -1)
    node.removePod(pod)
    this.groups.change(node, pod, -1)
    this.terms.change(node, pod, -1)
    return placed
  }

  put(placed: Placed): void {
    const { pod, node } = placed
    this.#placed.set(pod.key, placed)
    for (const label in pod.labels) this.#placedByLabel.add({ key: label, value: pod.labels[label] ?? '' }, placed)
    bump(this.#priorities, pod.priority, 1)
    for (const claim of pod.claims) bump(this.#claimUsers, claim, 1)
    node.addPod(pod)
    this.groups.change(node, pod, 1)
    this.terms.change(node, pod, 1)
  }

  /** Lowest priority of all placed pods; Infinity where there is none. */
  get lowestPriority(): number {
    return Math.min(...this.#priorities.keys())
  }

  /** Counts a pod on a node before the API knows of it. */
  assume(pod: PodInfo, node: NodeInfo): void {
    this.put({ pod, node, assumed: true })
  }

  /** Reverts an assumption, unless the API has confirmed it meanwhile. */
  forget(pod: PodInfo): Change[] {
    const placed = this.#placed.get(pod.key)
    return placed?.assumed && placed.pod.uid === pod.uid ? this.removePod(pod.key) : []
  }

  #confirm(before: PodInfo, pod: PodInfo): void {
    before.pod = pod.pod
    const placed = this.#placed.get(pod.key)
    if (placed) placed.assumed = false
  }

  #infoOf(name: string): NodeInfo {
    let info = this.#byName.get(name)
    if (!info) this.#byName.set(name, (info = new NodeInfo(name, this.#nextSerial++)))
    return info
  }

  #countNode(info: NodeInfo, amount: 1 | -1): void {
    if (info.taints.some(({ effect }) => effect === 'PreferNoSchedule')) this.#softlyTainted += amount
    for (const name of info.images.keys()) {
      const holders = this.imageHolders(name) + amount
      if (holders === 0) this.#imageHolders.delete(name)
      else this.#imageHolders.set(name, holders)
    }
  }

  #topologyChanged(): void {
    this.#nodes = undefined
    this.#topologies.clear()
    this.groups.forgetDomains()
    this.terms.forgetDomains()
  }

  #placedWith(label: LabelPair | undefined): Iterable<Placed> {
    if (!label) return this.#placed.values()
    return this.#placedByLabel.get(label.key, label.value) ?? []
  }
}

function bump<Key>(counts: Map<Key, number>, key: Key, amount: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + amount
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

/** Heartbeats change a node's conditions only. */
const isSameToScheduler = (a: Node, b: Node): boolean =>
  jsonEqual(a.metadata.labels, b.metadata.labels) &&
  jsonEqual(a.spec, b.spec) &&
  jsonEqual(a.status?.allocatable, b.status?.allocatable) &&
  jsonEqual(a.status?.images, b.status?.images)

const isSameLoad = (a: PodInfo, b: PodInfo): boolean =>
  a.terminating === b.terminating &&
  a.priority === b.priority &&
  jsonEqual(a.labels, b.labels) &&
  jsonEqual(amounts(a), amounts(b))

const amounts = ({ requests, assumedUse }: PodInfo): unknown => ({
  ...requests,
  others: requests.others ? Object.fromEntries(requests.others) : undefined,
  assumedUse,
})

function interleaveZones(nodes: readonly NodeInfo[]): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  for (const node of nodes) {
    const zone = node.labels[zoneLabel] ?? ''
    const members = zones.get(zone)
    if (members) members.push(node)
    else zones.set(zone, [node])
  }
  if (zones.size <= 1) return [...nodes]
  const mixed: NodeInfo[] = []
  for (let turn = 0; mixed.length < nodes.length; turn++) {
    for (const members of zones.values()) {
      const node = members[turn]
      if (node) mixed.push(node)
    }
  }
  return mixed
}
