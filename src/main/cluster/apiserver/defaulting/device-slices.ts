import type { DeviceAttribute, ResourceSliceSpec } from '#shared/kube/generated/types.ts'
import type { Wire } from '../api/wire.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

/** Defaults of devices: when their taints were added, and zero for amounts that are omitted or null, as in Go. */
export function setDeviceDefaults({ devices = [], sharedCounters = [], pool }: Wire<ResourceSliceSpec>): void {
  if (pool) pool.generation ??= 0
  for (const device of devices) {
    // Tolerations with a duration count from then.
    for (const taint of device.taints ?? []) taint.timeAdded ??= timestamp(Date.now())
    setAttributes(device.attributes)
    setAmounts(device.capacity)
    for (const { counters } of device.consumesCounters ?? []) setAmounts(counters)
  }
  for (const { counters } of sharedCounters) setAmounts(counters)
}

type Nullable<T> = Record<string, T | null | undefined> | undefined

function setAmounts(amounts: Nullable<{ value?: string | undefined }>): void {
  for (const [name, amount] of Object.entries(amounts ?? {}))
    if (amounts && amount?.value === undefined) amounts[name] = { ...amount, value: '0' }
}

function setAttributes(attributes: Nullable<Wire<DeviceAttribute>>): void {
  for (const [name, attribute] of Object.entries(attributes ?? {}))
    if (attributes && attribute === null) attributes[name] = {}
}
