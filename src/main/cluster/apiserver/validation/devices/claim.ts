import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
} from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid } from '../fields.ts'
import { checkEach, checkMap, checkSet } from './lists.ts'
import { checkAttributeName, checkLabelName, checkQualifiedAttributeName } from './names.ts'
import { checkConfiguration, checkSelectors, checkToleration } from './parts.ts'

const mostRequests = 32
const mostConstraints = 32
const mostConfigurations = 32
const mostAlternatives = 8
const mostTolerations = 16
const mostCapacities = 32

/** Validates what a claim requests (resource.k8s.io/v1). */
export function deviceClaimFindings(claim: Wire<DeviceClaim> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  if (!claim) return errors
  const names = requestNames(claim)
  checkSet(claim.requests, mostRequests, `${field}.requests`, errors, {
    check: checkRequest,
    key: ({ name }) => name ?? '',
  })
  checkEach(claim.constraints, mostConstraints, `${field}.constraints`, errors, (constraint, at) =>
    checkConstraint(constraint, names, at, errors),
  )
  checkEach(claim.config, mostConfigurations, `${field}.config`, errors, (config, at) => {
    checkRequestRefs(config.requests, names, `${at}.requests`, errors)
    checkConfiguration(config.opaque, at, errors)
  })
  return errors
}

/** Names of requests, and of subrequests as `request/subrequest`. */
export function requestNames({ requests = [] }: Wire<DeviceClaim>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { name = '', firstAvailable = [] } of requests) {
    names.add(name)
    for (const subrequest of firstAvailable) names.add(`${name}/${subrequest.name ?? ''}`)
  }
  return names
}

export function checkRequestRefs(
  refs: readonly string[] | undefined,
  names: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  const check = (ref: string, at: string): void => checkRequestRef(ref, names, at, errors)
  checkSet(refs, mostRequests, field, errors, { check, key: (ref) => ref })
}

const unknownRequest =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

export function checkRequestRef(ref: string, names: ReadonlySet<string>, field: string, errors: FieldError[]): void {
  const segments = ref.split('/')
  if (segments.length <= 2) for (const segment of segments) checkLabelName(segment, field, errors)
  if (!names.has(ref)) errors.push(fieldInvalid(field, ref, unknownRequest))
}

const oneOfBoth = 'exactly one of `exactly` or `firstAvailable` is required'

function checkRequest(
  { name = '', exactly, firstAvailable }: Wire<DeviceRequest>,
  field: string,
  errors: FieldError[],
): void {
  checkLabelName(name, `${field}.name`, errors)
  const hasAlternatives = (firstAvailable?.length ?? 0) > 0
  if (exactly && hasAlternatives) {
    errors.push(fieldInvalid(field, null, `${oneOfBoth}, but multiple fields are set`))
  } else if (exactly) {
    checkDevices(exactly, `${field}.exactly`, errors)
  } else if (hasAlternatives) {
    checkSet(firstAvailable, mostAlternatives, `${field}.firstAvailable`, errors, {
      check(subrequest, at) {
        checkLabelName(subrequest.name ?? '', `${at}.name`, errors)
        checkDevices(subrequest, at, errors)
      },
      key: (subrequest) => subrequest.name ?? '',
    })
  } else {
    errors.push(fieldRequired(field, oneOfBoth))
  }
}

function checkDevices(
  request: Wire<ExactDeviceRequest> | Wire<DeviceSubRequest>,
  field: string,
  errors: FieldError[],
): void {
  const { deviceClassName = '', selectors, tolerations, capacity } = request
  if (deviceClassName === '') errors.push(fieldRequired(`${field}.deviceClassName`))
  else addInvalid(subdomainProblems(deviceClassName), deviceClassName, `${field}.deviceClassName`, errors)
  checkSelectors(selectors, `${field}.selectors`, errors)
  checkAllocationMode(request, field, errors)
  checkEach(tolerations, mostTolerations, `${field}.tolerations`, errors, checkToleration)
  checkMap(capacity?.requests, mostCapacities, `${field}.capacity.requests`, errors, (name, _, at) =>
    checkAttributeName(name, at, errors),
  )
}

function checkAllocationMode(
  { allocationMode = '', count = 0 }: Pick<Wire<ExactDeviceRequest>, 'allocationMode' | 'count'>,
  field: string,
  errors: FieldError[],
): void {
  switch (allocationMode) {
    case 'All':
      if (count !== 0)
        errors.push(fieldInvalid(`${field}.count`, count, "must not be specified when allocationMode is 'All'"))
      break
    case 'ExactCount':
      if (count <= 0) errors.push(fieldInvalid(`${field}.count`, count, 'must be greater than zero'))
      break
    default:
      errors.push(fieldNotSupported(`${field}.allocationMode`, allocationMode, ['All', 'ExactCount']))
  }
}

function checkConstraint(
  { requests, matchAttribute, distinctAttribute }: Wire<DeviceConstraint>,
  names: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  checkRequestRefs(requests, names, `${field}.requests`, errors)
  if (matchAttribute !== undefined) checkQualifiedAttributeName(matchAttribute, `${field}.matchAttribute`, errors)
  else if (distinctAttribute !== undefined)
    checkQualifiedAttributeName(distinctAttribute, `${field}.distinctAttribute`, errors)
  // Kubernetes' own words, although no field is set.
  else
    errors.push(
      fieldRequired(
        field,
        'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      ),
    )
}
