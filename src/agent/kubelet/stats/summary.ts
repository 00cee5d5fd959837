import type {
  ContainerStats,
  CpuStats,
  FsStats,
  MemoryStats,
  NetworkStats,
  PodStats,
  StatsSummary,
  SwapStats,
} from '#shared/kube/stats-summary.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { groupSettings } from '../pod-groups/settings.ts'
import type { InterfaceCounters } from './interfaces.ts'
import type { ContainerUsage, PodUsage, Snapshot, Usage } from './snapshot.ts'
import type { Filesystem, Storage, VolumeUsage } from './storage.ts'

/** The node as its kubelet knows it. */
export interface NodeFacts {
  name: string
  memoryBytes: number
  /** When the worker started, ms since the epoch. */
  startedAt: number
  /** Of the machine, bytes; 0 without swap. */
  swapBytes: number
  pids: { most: number; current: number }
}

/**
 * The body of `/stats/summary` (kubelet: pkg/kubelet/server/stats/summary.go). Times are those of the samples.
 * @param storage undefined for `?only_cpu_and_memory=true`
 */
export function summaryOf(snapshot: Snapshot, node: NodeFacts, storage: Storage | undefined): StatsSummary {
  const { node: usage, pods } = snapshot
  const time = timestamp(usage.at)
  const engine = storage && fsOf(time, storage.engine)
  return {
    node: {
      nodeName: node.name,
      startTime: timestamp(node.startedAt),
      cpu: cpuOf(usage),
      memory: { ...memoryOf(usage), availableBytes: Math.max(0, node.memoryBytes - usage.memory.workingSet) },
      swap: swapOf(usage, Math.max(0, node.swapBytes - usage.swap)),
      ...(storage
        ? {
            ...networkOf(time, usage.interfaces),
            ...optional('fs', fsOf(time, storage.kubelet)),
            ...(engine
              ? { runtime: { imageFs: { ...engine, usedBytes: storage.imageBytes }, containerFs: engine } }
              : {}),
            rlimit: { time, maxpid: node.pids.most, curproc: node.pids.current },
          }
        : {}),
    },
    pods: pods.map((pod) => podOf(pod, storage)),
  }
}

function podOf({ pod, total, containers, interfaces }: PodUsage, storage: Storage | undefined): PodStats {
  const { name, namespace, uid } = pod.metadata
  const time = timestamp(total.at)
  const volumes = storage?.volumes.get(uid) ?? []
  const stats = containers.map((container) => containerOf(container, storage))
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime ?? pod.metadata.creationTimestamp ?? time,
    containers: stats,
    cpu: cpuOf(total),
    memory: { ...memoryOf(total), ...availableOf(groupSettings(pod).memoryBytes, total) },
    swap: swapOf(total),
    ...(storage
      ? {
          ...networkOf(time, interfaces),
          ...(volumes.length > 0 ? { volume: volumes.map((volume) => volumeOf(time, volume, namespace)) } : {}),
          ...optional('ephemeral-storage', ephemeralOf(time, { stats, volumes, storage })),
          process_stats: { process_count: total.tasks },
        }
      : {}),
  }
}

function containerOf(usage: ContainerUsage, storage: Storage | undefined): ContainerStats {
  const { observed } = usage
  const time = timestamp(usage.at)
  const disk = storage?.containers.get(observed.id)
  const engine = storage && fsOf(time, storage.engine)
  return {
    name: observed.name,
    startTime: observed.startedAt ?? time,
    cpu: cpuOf(usage),
    memory: { ...memoryOf(usage), ...availableOf(observed.resources.memoryBytes, usage) },
    swap: swapOf(usage),
    ...(engine && disk?.layer
      ? { rootfs: { ...engine, usedBytes: disk.layer.bytes, inodesUsed: disk.layer.inodes } }
      : {}),
    ...(engine && disk?.logBytes !== undefined ? { logs: { ...engine, usedBytes: disk.logBytes } } : {}),
  }
}

const cpuOf = ({ at, cpuNanos, nanoCores }: Usage): CpuStats => ({
  time: timestamp(at),
  ...optional('usageNanoCores', nanoCores),
  usageCoreNanoSeconds: cpuNanos,
})

const memoryOf = ({ at, memory }: Usage): MemoryStats => ({
  time: timestamp(at),
  usageBytes: memory.usage,
  workingSetBytes: memory.workingSet,
  rssBytes: memory.rss,
  pageFaults: memory.pageFaults,
  majorPageFaults: memory.majorPageFaults,
})

/** What is left of a limit; nothing is said without one. */
const availableOf = (limit: number, { memory }: Usage): { availableBytes?: number } =>
  limit > 0 ? { availableBytes: Math.max(0, limit - memory.workingSet) } : {}

const swapOf = ({ at, swap }: Usage, available = 0): SwapStats => ({
  time: timestamp(at),
  swapAvailableBytes: available,
  swapUsageBytes: swap,
})

/** With the interface `eth0` as the default one. */
function networkOf(time: string, interfaces: readonly InterfaceCounters[]): { network?: NetworkStats } {
  const all = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({
    name,
    rxBytes,
    rxErrors,
    txBytes,
    txErrors,
  }))
  const main = all.find(({ name }) => name === 'eth0')
  return main ? { network: { time, ...main, interfaces: all } } : {}
}

function fsOf(time: string, filesystem: Filesystem | undefined): FsStats | undefined {
  if (!filesystem) return undefined
  const { capacity, used, free, inodes, inodesFree } = filesystem
  return {
    time,
    availableBytes: free,
    capacityBytes: capacity,
    usedBytes: used,
    inodesFree,
    inodes,
    inodesUsed: Math.max(0, inodes - inodesFree),
  }
}

type VolumeStats = NonNullable<PodStats['volume']>[number]

function volumeOf(time: string, { name, claim, filesystem, size }: VolumeUsage, namespace: string): VolumeStats {
  return {
    ...(fsOf(time, filesystem) ?? { time }),
    usedBytes: size.bytes,
    inodesUsed: size.inodes,
    name,
    ...(claim ? { pvcRef: { name: claim, namespace } } : {}),
  }
}

/** What counts against a pod's limit of ephemeral storage: layers, logs, and volumes on the node's disk. */
function ephemeralOf(
  time: string,
  {
    stats,
    volumes,
    storage,
  }: { stats: readonly ContainerStats[]; volumes: readonly VolumeUsage[]; storage: Storage | undefined },
): FsStats | undefined {
  const fs = storage && fsOf(time, storage.kubelet)
  if (!fs || stats.some(({ rootfs }) => !rootfs)) return undefined
  const own = volumes.filter(({ isEphemeral }) => isEphemeral)
  const sum = (values: (number | undefined)[]): number => values.reduce<number>((all, value) => all + (value ?? 0), 0)
  return {
    ...fs,
    usedBytes: sum([
      ...stats.flatMap(({ rootfs, logs }) => [rootfs?.usedBytes, logs?.usedBytes]),
      ...own.map(({ size }) => size.bytes),
    ]),
    inodesUsed: sum([...stats.map(({ rootfs }) => rootfs?.inodesUsed), ...own.map(({ size }) => size.inodes)]),
  }
}

/** `{ key: value }`, or nothing for undefined. */
function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>)
}
