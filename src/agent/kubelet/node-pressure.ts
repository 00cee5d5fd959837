import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { KubeletSettings } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createEviction, type Eviction } from './eviction/index.ts'
import type { EvictionNotice } from './eviction/message.ts'
import type { Candidate, Use } from './eviction/ranking.ts'
import { createSignalReader } from './eviction/signals.ts'
import { createImageGarbage, type ImageGarbage } from './image-garbage.ts'
import type { PodContext } from './pod/scope.ts'
import type { Cgroups } from './stats/cgroup.ts'
import type { ContainerUsage, PodUsage, Snapshots } from './stats/snapshot.ts'
import type { Storage, StorageReader } from './stats/storage.ts'

/** Keeps the node from running out of memory, disk and process ids: images are collected, then pods evicted. */
export interface NodePressure extends Pick<Eviction, 'refusalOf'> {
  /** For the node's conditions. */
  pressures: { current: Eviction['pressures']; onChange(listener: () => void): Stop }
  /** The images of this node, and the removal of unused ones. */
  images: Pick<ImageGarbage, 'list' | 'removeUnused'>
  start(): Stop
}

export interface NodePressureOptions extends Pick<
  PodContext,
  'runtime' | 'images' | 'recorder' | 'clock' | 'log' | 'root'
> {
  settings: KubeletSettings
  /** The limit of this worker; unset where it has none. */
  memoryLimit(): number | undefined
  pinnedImages: readonly string[]
  node(): Stored<Node> | undefined
  pods(): Stored<Pod>[]
  cgroups: Cgroups
  snapshots: Pick<Snapshots, 'take'>
  storage: StorageReader
  evict(uid: string, notice: EvictionNotice, graceSeconds: number): void
  /** Removes the containers of pods that have ended, and earlier attempts of others. */
  removeEndedContainers(): Promise<void>
}

export function createNodePressure(options: NodePressureOptions): NodePressure {
  const { settings, runtime, snapshots, storage, cgroups, root } = options
  const listeners = new Set<() => void>()
  const signals = createSignalReader({ root, memoryLimit: () => options.memoryLimit(), cgroups })
  const garbage = createImageGarbage({
    ...options,
    settings: settings.images,
    pinned: options.pinnedImages,
    disk: async () => (await signals.read()).get('imagefs.available'),
  })
  const isRunning = (uid: string): boolean => runtime.containers(uid).some(({ state }) => state === 'running')
  /** A pod whose containers have not begun gives nothing back, and uses nothing that could be judged. */
  const hasBegun = (uid: string): boolean =>
    runtime.containers(uid).some(({ sandbox, state }) => !sandbox && state === 'running')
  const candidates = async (): Promise<Candidate[]> => {
    // As of now: a pod that is not measured yet would be the first to go.
    const snapshot = await snapshots.take(0)
    const measured = await storage.of(snapshot)
    const usages = new Map(snapshot.pods.map((usage) => [usage.pod.metadata.uid, usage]))
    return options
      .pods()
      .filter(({ metadata }) => hasBegun(metadata.uid))
      .map((pod) => {
        const usage = usages.get(pod.metadata.uid)
        return usage ? { pod, use: useOf(usage, measured) } : { pod }
      })
  }
  const eviction = createEviction({
    ...options,
    settings: settings.eviction,
    signals,
    candidates,
    async reclaimDisk() {
      await options.removeEndedContainers()
      await garbage.removeUnused()
    },
    evict: ({ metadata }, notice, grace) => options.evict(metadata.uid, notice, grace),
    isRunning,
    onChange: () => listeners.forEach((listener) => listener()),
  })
  return {
    refusalOf: (pod) => eviction.refusalOf(pod),
    images: garbage,
    pressures: {
      current: () => eviction.pressures(),
      onChange(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    start() {
      const stops = new StopStack()
      stops.add(garbage.start())
      stops.add(eviction.start())
      return () => stops.stop()
    },
  }
}

function useOf({ pod, total, containers }: PodUsage, storage: Storage): NonNullable<Candidate['use']> {
  const own = containers.map((container) => ({ name: container.observed.name, ...containerUse(container, storage) }))
  const volumes = (storage.volumes.get(pod.metadata.uid) ?? []).filter(({ isEphemeral }) => isEphemeral)
  const sum = (of: (size: { bytes: number; inodes: number }) => number): number =>
    [...own.map(({ disk }) => disk), ...volumes.map(({ size }) => size)].reduce((all, size) => all + of(size), 0)
  return {
    memory: total.memory.workingSet,
    pids: total.tasks,
    disk: { bytes: sum(({ bytes }) => bytes), inodes: sum(({ inodes }) => inodes) },
    containers: own,
  }
}

function containerUse({ observed, memory, tasks }: ContainerUsage, storage: Storage): Use {
  const { layer, logBytes = 0 } = storage.containers.get(observed.id) ?? {}
  return {
    memory: memory.workingSet,
    pids: tasks,
    disk: { bytes: (layer?.bytes ?? 0) + logBytes, inodes: layer?.inodes ?? 0 },
  }
}
