import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podLimits } from '#shared/kube/pod.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import type { PodUsage, Snapshots } from './stats/snapshot.ts'
import type { Storage, StorageReader } from './stats/storage.ts'

export interface StorageLimitsOptions {
  pods(): Stored<Pod>[]
  snapshots: Pick<Snapshots, 'take'>
  /** Of its own: it measures nothing but pods with limits. */
  storage: StorageReader
  clock: Clock
  log: Log
  evict(uid: string, message: string): void
}

/** How often pods with limits are compared with what they use, ms. */
const period = 10_000

/**
 * Evicts pods that use more disk than they may: `emptyDir.sizeLimit` and `limits.ephemeral-storage`
 * (pkg/kubelet/eviction: localStorageEviction). Nothing is measured while no pod has such a limit.
 */
export function enforceStorageLimits(options: StorageLimitsOptions): Stop {
  const { clock, log } = options
  let isStopped = false
  let stopTimer: Stop = () => undefined
  const again = (): void => {
    if (!isStopped) stopTimer = clock.after(period, () => void check(options).catch(report).finally(again))
  }
  const report = (error: unknown): void => log.warn('storage limits not checked', { error: messageOf(error) })
  again()
  return () => {
    isStopped = true
    return stopTimer()
  }
}

async function check({ pods, snapshots, storage, evict }: StorageLimitsOptions): Promise<void> {
  const limited = new Set(
    pods()
      .filter(hasStorageLimit)
      .map(({ metadata }) => metadata.uid),
  )
  if (limited.size === 0) return
  const snapshot = await snapshots.take()
  const usages = snapshot.pods.filter(({ pod }) => limited.has(pod.metadata.uid))
  if (usages.length === 0) return
  const measured = await storage.of({ ...snapshot, pods: usages })
  for (const usage of usages) {
    const message = excess(usage, measured)
    if (message !== undefined) evict(usage.pod.metadata.uid, message)
  }
}

const storageResource = 'ephemeral-storage'

export const hasStorageLimit = ({ metadata, spec, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.phase !== 'Failed' &&
  status?.phase !== 'Succeeded' &&
  (spec?.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) === true ||
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
      ({ resources }) => resources?.limits?.[storageResource] !== undefined,
    ))

/** What a pod uses beyond its limits, in the kubelet's words; undefined when it keeps them. */
export function excess(usage: PodUsage, measured: Pick<Storage, 'containers' | 'volumes'>): string | undefined {
  return volumeExcess(usage, measured) ?? podExcess(usage, measured) ?? containerExcess(usage, measured)
}

type Measured = Pick<Storage, 'containers' | 'volumes'>

function volumeExcess({ pod }: PodUsage, { volumes }: Measured): string | undefined {
  const used = new Map((volumes.get(pod.metadata.uid) ?? []).map(({ name, size }) => [name, size.bytes]))
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = emptyDir?.sizeLimit === undefined ? 0 : quantityValue(emptyDir.sizeLimit)
    if (limit > 0 && (used.get(name) ?? 0) > limit)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir?.sizeLimit ?? ''}". `
  }
  return undefined
}

/** All that its containers write, and its volumes on the disk, against the sum of their limits. */
function podExcess({ pod, containers }: PodUsage, measured: Measured): string | undefined {
  const limit = podLimits(pod)[storageResource]
  if (limit === undefined) return undefined
  const written = containers.reduce((sum, { observed }) => sum + writtenBy(observed.id, measured), 0)
  const inVolumes = (measured.volumes.get(pod.metadata.uid) ?? [])
    .filter(({ isEphemeral }) => isEphemeral)
    .reduce((sum, { size }) => sum + size.bytes, 0)
  if (written + inVolumes <= quantityValue(limit)) return undefined
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `
}

function containerExcess({ pod, containers }: PodUsage, measured: Measured): string | undefined {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  for (const { observed } of containers) {
    const limit = all.find(({ name }) => name === observed.name)?.resources?.limits?.[storageResource]
    if (limit !== undefined && quantityValue(limit) > 0 && writtenBy(observed.id, measured) > quantityValue(limit))
      return `Container ${observed.name} exceeded its local ephemeral storage limit "${limit}". `
  }
  return undefined
}

/** To its root and to its log, bytes. */
function writtenBy(id: string, { containers }: Measured): number {
  const { layer, logBytes = 0 } = containers.get(id) ?? {}
  return (layer?.bytes ?? 0) + logBytes
}
