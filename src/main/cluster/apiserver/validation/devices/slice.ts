import type {
  Counter,
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceCapacity,
  DeviceCounterConsumption,
  ResourcePool,
  ResourceSliceSpec,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkImmutable } from '../fields.ts'
import { checkNodeSelector } from '../scheduling.ts'
import { checkRequestPolicy } from './capacity.ts'
import { checkEach, checkMap, checkSet } from './lists.ts'
import { checkAttributeName, checkDriverName, checkLabelName, checkPoolName } from './names.ts'
import { checkBindingConditions, checkTaint } from './parts.ts'

const mostDevices = 128
const mostDevicesWithTaintsOrCounters = 64
const mostCounterSets = 8
const mostCounters = 32
const mostConsumptions = 2
const mostTaints = 16
const mostAttributesAndCapacities = 32
const longestAttribute = 64

/** Validates a slice. @param previous the stored spec, for an update */
export function sliceFindings(spec: Wire<ResourceSliceSpec>, previous?: Wire<ResourceSliceSpec>): FieldError[] {
  const errors: FieldError[] = []
  const { driver = '', pool = {}, devices, sharedCounters, perDeviceNodeSelection } = spec
  checkDriverName(driver, 'spec.driver', errors)
  checkPool(pool, 'spec.pool', errors)
  if (previous) checkImmutable(spec.nodeName, previous.nodeName, 'spec.nodeName', errors)
  checkNodes(spec, 'spec', errors)
  if (sharedCounters && devices)
    errors.push(fieldInvalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  const hasMore = devices?.some(({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0)
  const known = new Map(previous?.devices?.map((device) => [device.name, device]))
  checkSet(devices, hasMore ? mostDevicesWithTaintsOrCounters : mostDevices, 'spec.devices', errors, {
    check(device, at) {
      checkDevice(device, known.get(device.name), at, errors)
      checkNodesOfDevice(device, perDeviceNodeSelection ?? false, at, errors)
    },
    key: ({ name }) => name,
  })
  checkSet(sharedCounters, mostCounterSets, 'spec.sharedCounters', errors, {
    check: checkCounterSet,
    key: ({ name }) => name,
  })
  return errors
}

function checkPool(
  { name = '', resourceSliceCount = 0, generation }: Wire<ResourcePool>,
  field: string,
  errors: FieldError[],
): void {
  checkPoolName(name, `${field}.name`, errors)
  if (resourceSliceCount <= 0)
    errors.push(fieldInvalid(`${field}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero'))
  if (generation !== undefined && generation < 0)
    errors.push(fieldInvalid(`${field}.generation`, generation, 'must be greater than or equal to zero'))
}

const oneOfFour = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'

function checkNodes(spec: Wire<ResourceSliceSpec>, field: string, errors: FieldError[]): void {
  const { nodeName, nodeSelector, allNodes, perDeviceNodeSelection } = spec
  const set: string[] = []
  if (nodeName === '')
    errors.push(fieldInvalid(`${field}.nodeName`, '', 'must be either unset or set to a non-empty string'))
  else if (nodeName !== undefined) {
    set.push('`nodeName`')
    addInvalid(subdomainProblems(nodeName), nodeName, `${field}.nodeName`, errors)
  }
  if (nodeSelector) {
    set.push('`nodeSelector`')
    checkNodeSelector(nodeSelector, `${field}.nodeSelector`, errors)
    if (nodeSelector.nodeSelectorTerms?.length !== 1)
      errors.push(
        fieldInvalid(
          `${field}.nodeSelector.nodeSelectorTerms`,
          nodeSelector.nodeSelectorTerms ?? [],
          'must have exactly one node selector term',
        ),
      )
  }
  for (const [name, value] of Object.entries({ allNodes, perDeviceNodeSelection })) {
    if (value) set.push(`\`${name}\``)
    else if (value === false)
      errors.push(fieldInvalid(`${field}.${name}`, false, 'must be either unset or set to true'))
  }
  if (set.length === 0) errors.push(fieldRequired(field, oneOfFour))
  else if (set.length > 1)
    errors.push(fieldInvalid(field, `{${set.join(', ')}}`, `${oneOfFour}, but multiple fields are set`))
}

const oneOfThree =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

function checkNodesOfDevice(device: Wire<Device>, isPerDevice: boolean, field: string, errors: FieldError[]): void {
  const { nodeName, nodeSelector, allNodes } = device
  if (!isPerDevice) {
    if (nodeName !== undefined || nodeSelector || allNodes !== undefined)
      errors.push(
        fieldInvalid(
          field,
          null,
          '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        ),
      )
    return
  }
  const set: string[] = []
  if (nodeName === '') errors.push(fieldInvalid(`${field}.nodeName`, '', 'must not be empty'))
  else if (nodeName !== undefined) {
    set.push('`nodeName`')
    addInvalid(subdomainProblems(nodeName), nodeName, `${field}.nodeName`, errors)
  }
  if (nodeSelector) {
    set.push('`nodeSelector`')
    checkNodeSelector(nodeSelector, `${field}.nodeSelector`, errors)
  }
  if (allNodes) set.push('`allNodes`')
  else if (allNodes === false)
    errors.push(fieldInvalid(`${field}.allNodes`, false, 'must be either unset or set to true'))
  if (set.length === 0) errors.push(fieldRequired(field, oneOfThree))
  else if (set.length > 1) errors.push(fieldInvalid(field, `{${set.join(', ')}}`, oneOfThree))
}

function checkDevice(
  device: Wire<Device>,
  before: Wire<Device> | undefined,
  field: string,
  errors: FieldError[],
): void {
  const { name = '', attributes = {}, capacity = {}, taints, consumesCounters, allowMultipleAllocations } = device
  checkLabelName(name, `${field}.name`, errors)
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > mostAttributesAndCapacities)
    errors.push(
      fieldInvalid(
        field,
        count,
        `the total number of attributes and capacities must not exceed ${mostAttributesAndCapacities}`,
      ),
    )
  checkMap(attributes, Infinity, `${field}.attributes`, errors, (key, attribute, at) => {
    checkAttributeName(key, at, errors)
    checkAttribute(attribute, at, errors)
  })
  checkMap(capacity, Infinity, `${field}.capacity`, errors, (key, value, at) => {
    checkAttributeName(key, at, errors)
    checkCapacity(value, allowMultipleAllocations ?? false, at, errors)
  })
  // Taints that were accepted before may stay.
  if (!before || !jsonEqual(before.taints, taints)) checkEach(taints, mostTaints, `${field}.taints`, errors, checkTaint)
  checkSet(consumesCounters, mostConsumptions, `${field}.consumesCounters`, errors, {
    check: checkConsumption,
    key: ({ counterSet }) => counterSet,
  })
  checkBindingConditions(device, field, errors)
}

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/

function checkAttribute(attribute: Wire<DeviceAttribute>, field: string, errors: FieldError[]): void {
  const { bool, int, string, version } = attribute
  const values = [bool, int, string, version].filter((value) => value !== undefined)
  if (string !== undefined && string.length > longestAttribute)
    errors.push(fieldTooLong(`${field}.string`, longestAttribute))
  if (version !== undefined) {
    if (!semver.test(version))
      errors.push(fieldInvalid(`${field}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'))
    if (version.length > longestAttribute) errors.push(fieldTooLong(`${field}.version`, longestAttribute))
  }
  if (values.length !== 1)
    errors.push(fieldInvalid(field, values.length === 0 ? '' : attribute, 'exactly one value must be specified'))
}

function checkCapacity(
  { value = '0', requestPolicy }: Wire<DeviceCapacity>,
  isShared: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (!requestPolicy) return
  if (isShared) checkRequestPolicy(value, requestPolicy, `${field}.requestPolicy`, errors)
  else errors.push(fieldForbidden(`${field}.requestPolicy`, 'allowMultipleAllocations must be true'))
}

function checkCounterSet({ name = '', counters }: Wire<CounterSet>, field: string, errors: FieldError[]): void {
  checkCounters(name, `${field}.name`, counters, `${field}.counters`, errors)
}

function checkConsumption(
  { counterSet = '', counters }: Wire<DeviceCounterConsumption>,
  field: string,
  errors: FieldError[],
): void {
  checkCounters(counterSet, `${field}.counterSet`, counters, `${field}.counters`, errors)
}

function checkCounters(
  name: string,
  nameField: string,
  counters: Readonly<Record<string, Wire<Counter> | undefined>> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (name === '') errors.push(fieldRequired(nameField))
  else checkLabelName(name, nameField, errors)
  if (!counters || Object.keys(counters).length === 0) errors.push(fieldRequired(field))
  else checkMap(counters, mostCounters, field, errors, (counter, _, at) => checkLabelName(counter, at, errors))
}
