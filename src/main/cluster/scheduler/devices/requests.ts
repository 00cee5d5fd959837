import type {
  CapacityRequirements,
  DeviceClass,
  DeviceSelector,
  DeviceToleration,
  ExactDeviceRequest,
  DeviceSubRequest,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { RequestName } from './constraints.ts'
import type { Candidate } from './pools.ts'
import type { Selectors } from './selectors.ts'

/** One way to satisfy a request: the request itself, or one of its alternatives. */
export interface Demand {
  readonly name: RequestName
  readonly class: Stored<DeviceClass>
  readonly selectors: readonly DeviceSelector[]
  readonly isAll: boolean
  /** Number of devices, unless it is all. */
  readonly count: number
  readonly isAdmin: boolean
  readonly tolerations: readonly DeviceToleration[]
  readonly capacity: CapacityRequirements | undefined
}

/** The alternatives of a request, the preferred one first; a single one where it has none. */
export type Alternatives = readonly Demand[]

export interface Wanted {
  readonly claim: Stored<ResourceClaim>
  readonly requests: readonly { hasAlternatives: boolean; demands: Alternatives }[]
}

export type FindClass = (name: string) => Stored<DeviceClass> | undefined

/**
 * What a claim asks for, with the classes of its requests.
 * @throws Error where a class does not exist or a request is of no known form
 */
export function wantedOf(claim: Stored<ResourceClaim>, findClass: FindClass): Wanted {
  const demandOf = (name: RequestName, request: ExactDeviceRequest | DeviceSubRequest, isAdmin: boolean): Demand => {
    const { deviceClassName, selectors = [], allocationMode, count = 1, tolerations = [], capacity } = request
    const deviceClass = findClass(deviceClassName)
    const where = `${describe(claim)}, request ${name.full}`
    if (!deviceClass) throw new Error(`${where}: could not retrieve device class ${deviceClassName}`)
    if (allocationMode !== 'All' && allocationMode !== 'ExactCount')
      throw new Error(`${where}: unsupported count mode ${allocationMode ?? ''}`)
    return {
      name,
      class: deviceClass,
      selectors,
      isAll: allocationMode === 'All',
      count,
      isAdmin,
      tolerations,
      capacity,
    }
  }
  const requests = (claim.spec.devices?.requests ?? []).map(({ name, exactly, firstAvailable = [] }) =>
    exactly
      ? {
          hasAlternatives: false,
          demands: [demandOf({ base: name, full: name }, exactly, exactly.adminAccess ?? false)],
        }
      : {
          hasAlternatives: true,
          demands: firstAvailable.map((each) => demandOf({ base: name, full: `${name}/${each.name}` }, each, false)),
        },
  )
  return { claim, requests }
}

export const describe = ({ metadata }: Stored<ResourceClaim>): string => `claim ${metadata.namespace}/${metadata.name}`

/** Whether the device is of the demand's class and matches its selectors. @throws Error where a selector fails */
export const matches = (
  { class: { metadata, spec }, selectors: own }: Demand,
  { device, slice }: Candidate,
  { claim, selectors }: { claim: Stored<ResourceClaim>; selectors: Selectors },
): boolean =>
  selectors.match(spec.selectors ?? [], device, slice, `class ${metadata.name}`) &&
  selectors.match(own, device, slice, describe(claim))
