import type { CapacityRequirements, Device, DeviceCapacity } from '#shared/kube/generated/types.ts'
import { parseQuantity } from '#shared/kube/quantity.ts'
import { nanoOf, quantityText, type Amounts } from './amounts.ts'

/** What a request takes of a device, by the names that the device gives its capacities. */
export interface Consumption {
  amounts: ReadonlyMap<string, bigint>
  /** As the claim's status has it. */
  quantities: Record<string, string>
}

/**
 * What a request consumes of a device's capacity, rounded by the device's policies: requests are rounded up to the next
 * valid amount; what is not requested counts with the default, or as the whole.
 * @returns undefined where the device lacks a requested capacity, or a policy rules the amount out
 */
export function consumptionOf(
  driver: string,
  { capacity = {} }: Device,
  requirements: CapacityRequirements | undefined,
): Consumption | undefined {
  if (!hasAny(capacity)) return requirements?.requests && hasAny(requirements.requests) ? undefined : nothing
  const requested = new Map<string, string>()
  for (const [name, quantity] of Object.entries(requirements?.requests ?? {})) {
    const own = ownName(name, driver, capacity)
    if (own === undefined) return undefined
    requested.set(own, quantity)
  }
  const consumption: Consumption = { amounts: new Map(), quantities: {} }
  const amounts: Amounts = new Map()
  for (const [name, each] of Object.entries(capacity)) {
    const taken = rounded(each, requested.get(name))
    if (taken === undefined) return undefined
    amounts.set(name, nanoOf(taken))
    consumption.quantities[name] = taken
  }
  return { ...consumption, amounts }
}

const nothing: Consumption = { amounts: new Map(), quantities: {} }

const hasAny = (object: object): boolean => Object.keys(object).length > 0

/** Whether the device has that much left. */
export const fits = (
  { capacity = {} }: Device,
  amounts: ReadonlyMap<string, bigint>,
  taken: readonly (ReadonlyMap<string, bigint> | undefined)[],
): boolean =>
  Object.entries(capacity).every(([name, { value }]) => {
    const others = taken.reduce((sum, each) => sum + (each?.get(name) ?? 0n), 0n)
    return (amounts.get(name) ?? 0n) + others <= nanoOf(value)
  })

/** Names without a domain are the driver's, on either side. */
function ownName(name: string, driver: string, capacity: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.hasOwn(capacity, name)) return name
  const other = name.includes('/')
    ? name.startsWith(`${driver}/`)
      ? name.slice(driver.length + 1)
      : undefined
    : `${driver}/${name}`
  return other !== undefined && Object.hasOwn(capacity, other) ? other : undefined
}

function rounded({ value, requestPolicy }: DeviceCapacity, requested: string | undefined): string | undefined {
  if (requested === undefined) return requestPolicy?.default ?? value
  if (!requestPolicy) return requested
  const { validRange, validValues } = requestPolicy
  const wanted = nanoOf(requested)
  if (validRange) return inRange(requested, validRange)
  // Validation has sorted them.
  return validValues?.length ? validValues.find((valid) => nanoOf(valid) >= wanted) : requested
}

interface Range {
  min: string
  max?: string
  step?: string
}

function inRange(requested: string, { min, max, step }: Range): string | undefined {
  const wanted = nanoOf(requested)
  const least = nanoOf(min)
  let taken = requested
  if (wanted < least) taken = min
  else if (step !== undefined && nanoOf(step) > 0n) {
    const each = nanoOf(step)
    const steps = (wanted - least + each - 1n) / each
    taken = quantityText(least + steps * each, parseQuantity(step))
  }
  return max !== undefined && nanoOf(taken) > nanoOf(max) ? undefined : taken
}
