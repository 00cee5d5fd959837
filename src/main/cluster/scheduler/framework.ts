import type { Clock } from '#shared/base/clock.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import type { Informer } from '#shared/client/informer.ts'
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  DeviceClass,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ReplicationController,
  ResourceResourceClaim,
  ResourceSlice,
  Service,
  StatefulSet,
  StorageClass,
  VolumeAttachment,
} from '#shared/kube/generated/types.ts'
import type { Change, ClusterState } from './cluster-state.ts'
import type { PluginArgs } from './configuration/plugin-args.ts'
import type { DeviceLedger } from './devices/ledger.ts'
import type { SearchMemory } from './devices/search-memory.ts'
import type { Selectors } from './devices/selectors.ts'
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
  /** Changes that may help a pod that this plugin has rejected; `mayHelp` is asked of no others. All when unset. */
  readonly interests?: readonly Change['type'][]
  /** Whether `change` may help a pod that this plugin has rejected; never when absent. */
  mayHelp?(change: Change, pod: PodInfo): boolean
}

export interface Plan {
  /** Why no node at all can take the pod. */
  impossible?: string
  /** The only candidate nodes, where the pod names them. */
  nodes?: readonly string[] | undefined
  /** Why this node cannot take the pod; undefined when it can. */
  filter?: ((node: NodeInfo) => Refusal | undefined) | undefined
  /**
   * Whether `filter` reads nothing but the node and the pod's ports, requests, tolerations and wishes for nodes, so that
   * its result holds for all such pods until the node changes.
   */
  readsNodeOnly?: boolean
  score?: Scorer | undefined
  /**
   * Sets aside what the pod takes on the chosen node, at once, so that the next pod finds it taken (Kubernetes' Reserve).
   * @returns the reverse, for a pod that is not bound after all
   */
  reserve?: ((node: NodeInfo) => () => void) | undefined
  /** Carried out before the pod is bound to the chosen node. @throws when it cannot be bound there */
  beforeBinding?: ((node: NodeInfo) => Promise<void>) | undefined
  /** Carried out where no node takes the pod, before preemption. */
  afterRefusal?: AfterRefusal | undefined
  /**
   * Brings the plan up to date when a pod is added to a node or removed from it for trial (Kubernetes' PreFilter
   * extensions AddPod and RemovePod). Absent where `filter` reads nothing but the node.
   */
  podChanged?: (node: NodeInfo, pod: PodInfo, amount: 1 | -1) => void
}

/** What a plugin does for a pod that no node takes (Kubernetes' PostFilter, besides preemption). */
export type AfterRefusal = () => {
  /** Follows the reasons of the nodes. */
  message: string
  work?: Promise<unknown>
}

/** Why a node cannot take a pod. */
export interface Refusal {
  /** Counted over the nodes for the message. */
  readonly reasons: readonly string[]
  /**
   * Whether the removal of pods from the node may help: Kubernetes' status Unschedulable. Otherwise its status is
   * UnschedulableAndUnresolvable, and preemption does not consider the node.
   */
  readonly resolvable: boolean
}

export const resolvable = (...reasons: string[]): Refusal => ({ reasons, resolvable: true })
export const unresolvable = (...reasons: string[]): Refusal => ({ reasons, resolvable: false })

export interface Scorer {
  /** Once per pod, with the nodes that passed every filter. */
  prepare?(nodes: readonly NodeInfo[]): void
  /** 0 (worst) to `maxScore` (best), unless `normalize` scales it. */
  score(node: NodeInfo): number
  /** Scales the scores of all nodes to 0 … `maxScore`. */
  normalize?(scores: Float64Array, count: number): void
}

export const maxScore = 100

/** The points at which a profile can have a plugin: those of Kubernetes' that are told apart here. */
export type ExtensionPoint = 'preEnqueue' | 'queueSort' | 'filter' | 'postFilter' | 'score' | 'reserve' | 'bind'

/** A plugin as a profile uses it. */
export interface EnabledPlugin {
  plugin: Plugin
  /** Of its scores. */
  weight: number
  points: ReadonlySet<ExtensionPoint>
}

/** What plugins may read besides the cluster's state. */
export interface PluginContext {
  client: Client
  clock: Clock
  /** Of the pod's profile. */
  recorderOf(pod: Pod): EventRecorder
  /** Shared by all profiles: they allocate the same devices. */
  devices: { ledger: DeviceLedger; selectors: Selectors; memory: SearchMemory }
  /** Of the plugin's profile. */
  args: PluginArgs
  informers: {
    namespaces: Informer<Namespace>
    services: Informer<Service>
    replicaSets: Informer<ReplicaSet>
    statefulSets: Informer<StatefulSet>
    replicationControllers: Informer<ReplicationController>
    claims: Informer<PersistentVolumeClaim>
    volumes: Informer<PersistentVolume>
    storageClasses: Informer<StorageClass>
    csiNodes: Informer<CSINode>
    csiDrivers: Informer<CSIDriver>
    storageCapacities: Informer<CSIStorageCapacity>
    volumeAttachments: Informer<VolumeAttachment>
    resourceClaims: Informer<ResourceResourceClaim>
    resourceSlices: Informer<ResourceSlice>
    deviceClasses: Informer<DeviceClass>
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
