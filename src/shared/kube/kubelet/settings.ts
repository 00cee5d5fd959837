/**
 * What a cluster's `kubelet.yaml` may change about its workers, as the agent gets it (`agent.json`): values are checked and
 * complete. The host reads the file (`main/cluster/workers/kubelet-configuration`).
 */
export interface KubeletSettings {
  eviction: EvictionSettings
  images: ImageSettings
  /** Folder of the worker whose manifests it runs as static pods. */
  staticPodPath: string
  /**
   * How long pods get to end for good when the worker is stopped, by their priority, ascending. Without any, pods are stopped
   * with the worker's engine and come back with it.
   */
  shutdown: readonly ShutdownGrace[]
}

export const evictionSignals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const
export type EvictionSignal = (typeof evictionSignals)[number]

/** An amount, or a share of the capacity: 0.05 is `5%`. */
export type Amount = { quantity: string } | { share: number }

/** The node is short of what the signal measures when less than `value` is available. */
export interface Threshold {
  signal: EvictionSignal
  value: Amount
  /** How long that must last before pods are evicted, ms; 0 of a hard threshold. */
  graceMs: number
  /** How much beyond `value` must be available again before the shortage is over. */
  minimumReclaim?: Amount
}

export interface EvictionSettings {
  thresholds: readonly Threshold[]
  /** How long a node stays under pressure after the shortage was seen last, ms. */
  transitionMs: number
  /** Most seconds that a pod gets to end when a soft threshold is met. */
  maxPodGraceSeconds: number
}

export interface ImageSettings {
  /** Percent of the disk in use from which unused images are removed, and down to which. */
  highPercent?: number
  lowPercent?: number
  /** How long an image must have been here before it is removed, ms. */
  minimumAgeMs: number
  /** How long an image may stay unused, ms; 0 for as long as there is room. */
  maximumAgeMs: number
  /** How many images are pulled at once. */
  parallelPulls: number
}

export interface ShutdownGrace {
  /** Pods of this priority, and of any up to the next one. */
  priority: number
  seconds: number
}

/**
 * A worker shares its disk with its owner, so that shares of it say little: a laptop's disk is often fuller than Kubernetes'
 * defaults allow (10 and 15 %), with plenty of room for pods.
 */
const hardThresholds: readonly Threshold[] = [
  { signal: 'memory.available', value: { quantity: '100Mi' }, graceMs: 0 },
  { signal: 'nodefs.available', value: { quantity: '1Gi' }, graceMs: 0 },
  { signal: 'nodefs.inodesFree', value: { share: 0.05 }, graceMs: 0 },
  { signal: 'imagefs.available', value: { quantity: '1Gi' }, graceMs: 0 },
  { signal: 'imagefs.inodesFree', value: { share: 0.05 }, graceMs: 0 },
  { signal: 'pid.available', value: { quantity: '500' }, graceMs: 0 },
]

/** Where a cluster has no `kubelet.yaml`. */
export const defaultKubeletSettings: KubeletSettings = {
  eviction: { thresholds: hardThresholds, transitionMs: 300_000, maxPodGraceSeconds: 0 },
  images: { minimumAgeMs: 120_000, maximumAgeMs: 0, parallelPulls: 4 },
  staticPodPath: '/etc/kubernetes/manifests',
  // As in Kubernetes: pods come back with their node.
  shutdown: [],
}
