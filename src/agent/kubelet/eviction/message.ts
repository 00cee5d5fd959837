import type { Threshold } from '#shared/kube/kubelet/settings.ts'
import { bytesQuantity, formatQuantity, quantityValue } from '#shared/kube/quantity.ts'
import { amountIn, resourceOf, type StarvedResource } from './decide.ts'
import { usedOf, type Candidate } from './ranking.ts'
import type { Observations } from './signals.ts'

export interface EvictionNotice {
  message: string
  /** Of the pod's event. */
  annotations: Record<string, string>
}

/** Why a pod is evicted, in the kubelet's words (pkg/kubelet/eviction: evictionMessage). */
export function evictionNotice(
  { pod, use }: Candidate,
  resource: StarvedResource,
  due: readonly Threshold[],
  observed: Observations,
): EvictionNotice {
  const parts = [`The node was low on resource: ${resource}. `]
  const threshold = due.find(({ signal }) => resourceOf[signal] === resource)
  const seen = threshold && observed.get(threshold.signal)
  if (threshold && seen) {
    const text = textOf(resource)
    const { value } = threshold
    const quantity = 'quantity' in value ? value.quantity : text(amountIn(value, seen))
    parts.push(`Threshold quantity: ${quantity}, available: ${text(seen.available)}. `)
  }
  if (!use) return { message: parts.join(''), annotations: {} }
  const podRequest = pod.spec?.resources?.requests?.memory
  const ofPod =
    resource === 'memory' && podRequest !== undefined
      ? { offending_pod: pod.metadata.name, offending_pod_usage: bytesQuantity(use.memory) }
      : undefined
  if (ofPod)
    parts.push(
      `Pod ${ofPod.offending_pod} was using ${ofPod.offending_pod_usage}, request is ${podRequest ?? '0'}, has larger consumption of memory. `,
    )
  const offending = offendersOf({ pod, use }, resource)
  for (const { name, used, request } of offending)
    parts.push(`Container ${name} was using ${used}, request is ${request}, has larger consumption of ${resource}. `)
  return {
    message: parts.join(''),
    annotations: {
      ...ofPod,
      offending_containers: offending.map(({ name }) => name).join(','),
      offending_containers_usage: offending.map(({ used }) => used).join(','),
      starved_resource: resource,
    },
  }
}

/** Containers that use more than they requested. Of inodes and process ids nothing is said. */
function offendersOf(
  { pod, use }: Candidate,
  resource: StarvedResource,
): { name: string; used: string; request: string }[] {
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return []
  const specs = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  return (use?.containers ?? []).flatMap((container) => {
    const spec = specs.find(({ name }) => name === container.name)
    const request = spec?.resources?.requests?.[resource] ?? '0'
    const used = usedOf(container, resource)
    return spec && used > quantityValue(request) ? [{ name: spec.name, used: bytesQuantity(used), request }] : []
  })
}

const textOf = (resource: StarvedResource): ((amount: number) => string) =>
  resource === 'memory' || resource === 'ephemeral-storage'
    ? bytesQuantity
    : (count) => formatQuantity({ nano: BigInt(Math.round(count)) * 1_000_000_000n, format: 'DecimalSI' })
