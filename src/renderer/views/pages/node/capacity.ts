import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { addQuantities, isQuantity, quantityNumber } from '#shared/kube/quantity.ts'

/** How much of a resource of a node its pods have asked for. */
export interface CapacityBar {
  resource: string
  /** In the resource's own unit: cores, bytes, pods. */
  requested: number
  limited: number
  allocatable: number
}

/** A bar for each resource that the node has, processors first. @param pods those on the node */
export function capacityOf({ status }: Node, pods: readonly Pod[]): CapacityBar[] {
  const active = pods.filter((pod) => !isPodTerminal(pod))
  const sum = (resource: string, of: 'requests' | 'limits'): number =>
    quantityNumber(
      addQuantities(
        '0',
        ...active.flatMap(({ spec }) =>
          (spec?.containers ?? []).flatMap(({ resources }) => {
            const amount = resources?.[of]?.[resource]
            return amount !== undefined && isQuantity(amount) ? [amount] : []
          }),
        ),
      ),
    )
  return Object.entries(status?.allocatable ?? {})
    .filter(([, amount]) => isQuantity(amount) && quantityNumber(amount) > 0)
    .map(([resource, amount]) => ({
      resource,
      requested: resource === 'pods' ? active.length : sum(resource, 'requests'),
      limited: resource === 'pods' ? 0 : sum(resource, 'limits'),
      allocatable: quantityNumber(amount),
    }))
    .sort((a, b) => rankOf(a.resource) - rankOf(b.resource) || a.resource.localeCompare(b.resource))
}

const first = ['cpu', 'memory', 'pods', 'ephemeral-storage']
const rankOf = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length)
