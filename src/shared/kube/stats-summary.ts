/**
 * What a kubelet answers at `/stats/summary` (k8s.io/kubelet/pkg/apis/stats/v1alpha1): usage of a node, its pods and
 * their containers. Field names and units are Kubernetes'; counters only grow while their subject lives.
 */
export interface StatsSummary {
  node: NodeStats
  pods: PodStats[]
}

export interface NodeStats {
  nodeName: string
  /** RFC 3339. */
  startTime: string
  cpu?: CpuStats
  memory?: MemoryStats
  swap?: SwapStats
  network?: NetworkStats
  /** The kubelet's root. */
  fs?: FsStats
  runtime?: { imageFs?: FsStats; containerFs?: FsStats }
  rlimit?: { time: string; maxpid: number; curproc: number }
}

export interface PodStats {
  podRef: { name: string; namespace: string; uid: string }
  startTime: string
  containers: ContainerStats[]
  cpu?: CpuStats
  memory?: MemoryStats
  swap?: SwapStats
  network?: NetworkStats
  volume?: (FsStats & { name: string; pvcRef?: { name: string; namespace: string } })[]
  'ephemeral-storage'?: FsStats
  process_stats?: { process_count: number }
}

export interface ContainerStats {
  name: string
  startTime: string
  cpu?: CpuStats
  memory?: MemoryStats
  swap?: SwapStats
  rootfs?: FsStats
  logs?: FsStats
}

export interface CpuStats {
  time: string
  /** CPU used now, in billionths of a core: the average over a short window. */
  usageNanoCores?: number
  /** CPU time since the start, ns. */
  usageCoreNanoSeconds?: number
}

/** Bytes. */
export interface MemoryStats {
  time: string
  availableBytes?: number
  usageBytes?: number
  /** Usage without inactive page cache: what eviction and `kubectl top` count. */
  workingSetBytes?: number
  rssBytes?: number
  pageFaults?: number
  majorPageFaults?: number
}

/** Bytes. */
export interface SwapStats {
  time: string
  swapAvailableBytes?: number
  swapUsageBytes?: number
}

export interface NetworkStats extends InterfaceStats {
  time: string
  interfaces?: InterfaceStats[]
}

/** Counters since the interface was made, bytes and packets. */
export interface InterfaceStats {
  name: string
  rxBytes?: number
  rxErrors?: number
  txBytes?: number
  txErrors?: number
}

/** Bytes and inodes. */
export interface FsStats {
  time: string
  availableBytes?: number
  capacityBytes?: number
  usedBytes?: number
  inodesFree?: number
  inodes?: number
  inodesUsed?: number
}
