import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaimStatus,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import { parseCidr } from '#shared/kube/ip.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import type { Wire } from '../../api/wire.ts'
import { checkAtMost, checkImmutable, checkOneOf, invalidWhole } from '../fields.ts'
import { checkNodeSelector } from '../scheduling.ts'
import { checkConditions } from '../status.ts'
import { checkRequestRef, checkRequestRefs, requestNames } from './claim.ts'
import { checkEach, checkSet } from './lists.ts'
import { checkDriverName, checkLabelName, checkPoolName, checkShareId } from './names.ts'
import { checkBindingConditions, checkConfiguration, checkJsonObject } from './parts.ts'

const mostConsumers = 256
const mostResults = 32
/** Of the class and of the claim. */
const mostConfigurations = 64
const mostConditions = 8
const mostIps = 16
const longestInterfaceName = 256
const longestHardwareAddress = 128

/** Validates a write of a claim's status: its allocation, whom it is reserved for, and what drivers report. */
export function claimStatusFindings(next: ResourceClaim, previous: ResourceClaim): FieldError[] {
  const errors: FieldError[] = []
  const status: Wire<ResourceClaimStatus> = next.status ?? {}
  const before: Wire<ResourceClaimStatus> = previous.status ?? {}
  checkSet(status.reservedFor, mostConsumers, 'status.reservedFor', errors, {
    check({ resource, name, uid }, at) {
      if (!resource) errors.push(fieldRequired(`${at}.resource`))
      if (!name) errors.push(fieldRequired(`${at}.name`))
      if (!uid) errors.push(fieldRequired(`${at}.uid`))
    },
    key: ({ uid }) => uid,
  })
  checkDevices(status, errors)
  checkReservation(next, before, errors)
  // A stored result may be older than today's rules.
  if (status.allocation && before.allocation)
    checkImmutable(status.allocation, before.allocation, 'status.allocation', errors)
  else if (status.allocation)
    checkAllocation(status.allocation, requestNames(next.spec.devices ?? {}), 'status.allocation', errors)
  return errors
}

function checkReservation(next: ResourceClaim, before: Wire<ResourceClaimStatus>, errors: FieldError[]): void {
  const { reservedFor = [], allocation } = next.status ?? {}
  if (reservedFor.length === 0) return
  if (!allocation) {
    errors.push(fieldForbidden('status.reservedFor', 'may not be specified when `allocated` is not set'))
    return
  }
  if (next.metadata.deletionTimestamp === undefined) return
  const known = new Set(before.reservedFor?.map(({ uid }) => uid))
  if (reservedFor.some(({ uid }) => !known.has(uid)))
    errors.push(
      fieldForbidden(
        'status.reservedFor',
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
      ),
    )
}

function checkAllocation(
  { devices = {}, nodeSelector }: Wire<AllocationResult>,
  names: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  checkEach(devices.results, mostResults, `${field}.devices.results`, errors, (result, at) =>
    checkResult(result, names, at, errors),
  )
  checkEach(devices.config, mostConfigurations, `${field}.devices.config`, errors, (config, at) =>
    checkConfig(config, names, at, errors),
  )
  if (nodeSelector) checkNodeSelector(nodeSelector, `${field}.nodeSelector`, errors)
}

function checkResult(
  result: Wire<DeviceRequestAllocationResult>,
  names: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  checkRequestRef(result.request ?? '', names, `${field}.request`, errors)
  checkDevice(result, field, errors)
  checkBindingConditions(result, field, errors)
}

function checkConfig(
  { source, requests, opaque }: Wire<DeviceAllocationConfiguration>,
  names: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  checkOneOf(source, ['FromClaim', 'FromClass'], `${field}.source`, errors)
  checkRequestRefs(requests, names, `${field}.requests`, errors)
  checkConfiguration(opaque, field, errors)
}

type DeviceRef = Pick<Wire<DeviceRequestAllocationResult>, 'driver' | 'pool' | 'device' | 'shareID'>

function checkDevice(
  { driver = '', pool = '', device = '', shareID }: DeviceRef,
  field: string,
  errors: FieldError[],
): void {
  checkDriverName(driver, `${field}.driver`, errors)
  checkPoolName(pool, `${field}.pool`, errors)
  checkLabelName(device, `${field}.device`, errors)
  checkShareId(shareID, `${field}.shareID`, errors)
}

const idOf = ({ driver = '', pool = '', device = '', shareID }: DeviceRef): string =>
  [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/')

function checkDevices({ devices, allocation }: Wire<ResourceClaimStatus>, errors: FieldError[]): void {
  const allocated = new Set(allocation?.devices?.results?.map(idOf))
  checkSet(devices, Infinity, 'status.devices', errors, {
    check(device, at) {
      checkDevice(device, at, errors)
      if (!allocated.has(idOf(device)))
        errors.push(invalidWhole(at, `${JSON.stringify(goDevice(device))}: must be an allocated device in the claim`))
      checkDeviceStatus(device, at, errors)
    },
    key: idOf,
    printed: goDevice,
  })
}

/** As Go prints what identifies a device. */
const goDevice = ({ driver = '', pool = '', device = '', shareID = '' }: DeviceRef): object => ({
  Driver: driver,
  Pool: pool,
  Device: device,
  ShareID: shareID,
})

function checkDeviceStatus(
  { conditions = [], data, networkData }: Wire<AllocatedDeviceStatus>,
  field: string,
  errors: FieldError[],
): void {
  checkAtMost(conditions.length, mostConditions, `${field}.conditions`, errors)
  checkConditions(conditions, `${field}.conditions`, errors)
  if (data !== undefined) checkJsonObject(data, `${field}.data`, errors)
  if (networkData) checkNetworkData(networkData, `${field}.networkData`, errors)
}

function checkNetworkData(
  { interfaceName = '', hardwareAddress = '', ips }: Wire<NetworkDeviceData>,
  field: string,
  errors: FieldError[],
): void {
  if (interfaceName.length > longestInterfaceName)
    errors.push(fieldTooLong(`${field}.interfaceName`, longestInterfaceName))
  if (hardwareAddress.length > longestHardwareAddress)
    errors.push(fieldTooLong(`${field}.hardwareAddress`, longestHardwareAddress))
  checkSet(ips, mostIps, `${field}.ips`, errors, {
    check(ip, at) {
      if (!parseCidr(ip))
        errors.push(fieldInvalid(at, ip, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'))
    },
    key: (ip) => ip,
  })
}
