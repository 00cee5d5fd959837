import type { ResourceList } from '#shared/kube/pod.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'

/** Resources of a node or requests of a pod as plain numbers: quantities are parsed once, not once per comparison. */
export interface Amounts {
  /** Thousandths of a core. */
  cpu: number
  /** Bytes. */
  memory: number
  /** Bytes. */
  ephemeralStorage: number
  /** Extended resources and huge pages by name; absent when there are none. */
  others?: Map<string, number>
}

export function amountsOf(resources: ResourceList | undefined): Amounts {
  const amounts: Amounts = { cpu: 0, memory: 0, ephemeralStorage: 0 }
  for (const name in resources) {
    const quantity = resources[name] ?? '0'
    if (name === 'cpu') amounts.cpu = quantityMillis(quantity)
    else if (name === 'memory') amounts.memory = quantityValue(quantity)
    else if (name === 'ephemeral-storage') amounts.ephemeralStorage = quantityValue(quantity)
    else if (name !== 'pods') (amounts.others ??= new Map()).set(name, quantityValue(quantity))
  }
  return amounts
}

/** Adds `more` to `to`, `times` = -1 takes it away. */
export function addAmounts(to: Amounts, more: Amounts, times: 1 | -1 = 1): void {
  to.cpu += times * more.cpu
  to.memory += times * more.memory
  to.ephemeralStorage += times * more.ephemeralStorage
  if (!more.others) return
  const others = (to.others ??= new Map<string, number>())
  for (const [name, amount] of more.others) others.set(name, (others.get(name) ?? 0) + times * amount)
}
