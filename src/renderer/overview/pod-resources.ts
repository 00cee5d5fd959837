import type { Pod } from '#shared/kube/generated/types.ts'
import { podLimits, podRequests } from '#shared/kube/pod.ts'
import { isQuantity, quantityNumber } from '#shared/kube/quantity.ts'

/** What a pod asks for and may use at most: cores and bytes; undefined where it does not say. */
export interface PodResources {
  requests: Amounts
  limits: Amounts
}
export interface Amounts {
  cpu: number | undefined
  memory: number | undefined
}

const known = new WeakMap<Pod, PodResources>()

/** Remembered as long as the object is: objects are replaced and never changed. */
export function resourcesOf(pod: Pod): PodResources {
  let found = known.get(pod)
  if (!found) known.set(pod, (found = { requests: amountsOf(podRequests(pod)), limits: amountsOf(podLimits(pod)) }))
  return found
}

const amountsOf = ({ cpu, memory }: Record<string, string>): Amounts => ({
  cpu: amountOf(cpu),
  memory: amountOf(memory),
})

/** A quantity as a number; undefined for what is none. */
export const amountOf = (quantity: string | undefined): number | undefined =>
  quantity !== undefined && isQuantity(quantity) ? quantityNumber(quantity) : undefined

export const sumOf = (amounts: readonly (number | undefined)[]): number =>
  amounts.reduce<number>((sum, amount) => sum + (amount ?? 0), 0)
