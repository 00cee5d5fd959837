import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podLimits, podRequests, qosClassOf, type QosClass } from '#shared/kube/pod.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'

/** Where the kubelet's groups are, below the root of the hierarchy. */
export const podsGroup = '/kubepods'

/** The group of each QoS class: those of guaranteed pods are beside the others. */
export const classGroups: Readonly<Record<QosClass, string>> = {
  Guaranteed: podsGroup,
  Burstable: `${podsGroup}/burstable`,
  BestEffort: `${podsGroup}/besteffort`,
}

export const groupOf = (pod: Stored<Pod>): string => `${classGroups[qosClassOf(pod)]}/pod${pod.metadata.uid}`

/** What a group as a whole may use. 0 = no limit. */
export interface GroupSettings {
  /** Relative weight, 2 to 262144. */
  cpuShares: number
  /** Microseconds of CPU time in each period of 100 ms. */
  cpuQuota: number
  memoryBytes: number
  /** Bytes by page size in bytes; sizes that are not here must not be used. */
  hugePages: ReadonlyMap<number, number>
}

/** Relative weight: 1024 per core, at least 2. */
export const sharesOf = (millis: number): number => Math.min(262_144, Math.max(2, Math.floor((millis * 1_024) / 1_000)))

/** Quota per 100 ms period; the kernel's minimum is 1 ms. */
export const quotaOf = (millis: number): number => (millis > 0 ? Math.max(1_000, millis * 100) : 0)

/**
 * The settings of a pod's group (pkg/kubelet/cm: ResourceConfigForPod). A limit applies to the pod when it, or every one of
 * its containers, has one.
 */
export function groupSettings(pod: Pod): GroupSettings {
  const requests = podRequests(pod)
  const limits = podLimits(pod)
  const limit = (name: 'cpu' | 'memory'): string | undefined => (isLimited(pod, name) ? limits[name] : undefined)
  const cpu = limit('cpu')
  const memory = limit('memory')
  return {
    cpuShares: sharesOf(requests.cpu === undefined ? 0 : quantityMillis(requests.cpu)),
    cpuQuota: quotaOf(cpu === undefined ? 0 : quantityMillis(cpu)),
    memoryBytes: memory === undefined ? 0 : quantityValue(memory),
    hugePages: new Map(
      Object.entries(limits).flatMap(([name, quantity]) =>
        name.startsWith(hugePages) ? [[quantityValue(name.slice(hugePages.length)), quantityValue(quantity)]] : [],
      ),
    ),
  }
}

const hugePages = 'hugepages-'

function isLimited({ spec }: Pod, name: 'cpu' | 'memory'): boolean {
  if (isSet(spec?.resources?.limits?.[name])) return true
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  return all.every(({ resources }) => isSet(resources?.limits?.[name]))
}

const isSet = (quantity: string | undefined): boolean => quantity !== undefined && quantityMillis(quantity) > 0

/** The larger of each: what a pod has while it is being resized. */
export const largerOf = (a: GroupSettings, b: GroupSettings): GroupSettings => ({
  cpuShares: Math.max(a.cpuShares, b.cpuShares),
  cpuQuota: largerLimit(a.cpuQuota, b.cpuQuota),
  memoryBytes: largerLimit(a.memoryBytes, b.memoryBytes),
  hugePages: b.hugePages,
})

const largerLimit = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.max(a, b))

/** Whether both allow the same. */
export const isSameSettings = (a: GroupSettings, b: GroupSettings): boolean =>
  a.cpuShares === b.cpuShares && a.cpuQuota === b.cpuQuota && a.memoryBytes === b.memoryBytes
