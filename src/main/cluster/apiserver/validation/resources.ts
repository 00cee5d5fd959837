import type { ResourceRequirements } from '#shared/kube/generated/types.ts'
import { compareQuantities, isQuantity, parseQuantity, quantityProblem } from '#shared/kube/quantity.ts'
import { bareNames } from '#shared/kube/quota.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  type FieldError,
} from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { isPodLevelResource } from '../defaulting/pod-spec.ts'
import { addInvalid } from './fields.ts'
import type { Wire } from '../api/wire.ts'

type Quantities = Readonly<Record<string, string | undefined>>

/** Validates the resources of a container. */
export function checkResources(
  resources: Wire<ResourceRequirements> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!resources) return
  const { limits = {}, requests = {} } = resources
  for (const name in limits) checkLimit(name, limits[name] ?? '0', `${field}.limits[${name}]`, errors)
  for (const name in requests) {
    checkLimit(name, requests[name] ?? '0', `${field}.requests[${name}]`, errors)
    checkRequest(name, requests[name] ?? '0', limits, field, errors)
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory'))
    errors.push(fieldForbidden(field, 'HugePages require cpu or memory'))
}

const standard = new Set(['cpu', 'memory', 'ephemeral-storage'])
const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
const isStandard = (name: string): boolean => standard.has(name) || isHugePages(name)

/** Validates an amount of a quota or a node. */
export function checkCount(name: string, quantity: string, field: string, errors: FieldError[]): void {
  if (!isQuantity(quantity)) errors.push(fieldInvalid(field, quantity, quantityProblem))
  else if (parseQuantity(quantity).nano < 0n)
    errors.push(fieldInvalid(field, quantity, 'must be greater than or equal to 0'))
  else if (isCount(name) && !isInteger(parseQuantity(quantity).nano))
    errors.push(fieldInvalid(field, quantity, 'must be an integer'))
}

/** Whether an amount of the name is of whole things: objects, or units of an extended resource. */
const isCount = (name: string): boolean =>
  countedNames.has(name) || (name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.'))

/** Integers have to fit into 64 bits as thousandths. @param nano billionths */
const isInteger = (nano: bigint): boolean => nano % 1_000_000_000n === 0n && nano / 1_000_000n < 2n ** 63n

/** The names that count objects. */
export const countedNames = new Set([...bareNames, 'services.loadbalancers', 'services.nodeports'])

/** Validates one limit of a container's resources. */
export function checkLimit(name: string, quantity: string, field: string, errors: FieldError[]): void {
  checkContainerResourceName(name, field, errors)
  const { nano } = parseQuantity(quantity)
  if (nano < 0n) errors.push(fieldInvalid(field, quantity, 'must be greater than or equal to 0'))
  if (!standard.has(name) && nano % 1_000_000_000n !== 0n)
    errors.push(fieldInvalid(field, quantity, 'must be an integer'))
  if (isHugePages(name) && !isWholePages(name, nano))
    errors.push(fieldInvalid(field, quantity, `${quantity} is not positive integer multiple of ${name}`))
}

/** `hugepages-2Mi` counts in pages of that size. @param nano billionths of a byte */
function isWholePages(name: string, nano: bigint): boolean {
  const size = name.slice('hugepages-'.length)
  if (!isQuantity(size)) return false
  const page = parseQuantity(size).nano
  return page > 0n && page % 1_000_000_000n === 0n && nano % page === 0n
}

/** Validates a resource name of a container: a standard resource, or a fully qualified name. */
export function checkContainerResourceName(name: string, field: string, errors: FieldError[]): void {
  if (!isStandard(name)) checkResourceName(name, field, errors)
}

function checkResourceName(name: string, field: string, errors: FieldError[]): void {
  const problems = qualifiedNameProblems(name)
  addInvalid(problems, name, field, errors)
  if (name.includes('/')) return
  if (problems.length === 0)
    errors.push(fieldInvalid(field, name, 'must be a standard resource type or fully qualified'))
  errors.push(fieldInvalid(field, name, 'must be a standard resource for containers'))
}

/** Validates the resources of a pod as a whole: of those that it cannot have, nothing else is looked at. */
export function checkPodLevelResources(
  resources: Wire<ResourceRequirements> | undefined,
  field: string,
  errors: FieldError[],
): void {
  const known: Record<'limits' | 'requests', Record<string, string>> = { limits: {}, requests: {} }
  for (const part of ['limits', 'requests'] as const)
    for (const [name, quantity = '0'] of Object.entries(resources?.[part] ?? {}))
      if (isPodLevelResource(name)) known[part][name] = quantity
      else checkPodLevelName(name, `${field}.${part}[${name}]`, errors)
  checkResources(known, field, errors)
}

function checkPodLevelName(name: string, field: string, errors: FieldError[]): void {
  const problems = qualifiedNameProblems(name)
  addInvalid(problems, name, field, errors)
  if (problems.length > 0) return
  if (name.includes('/') || isStandard(name))
    errors.push(fieldNotSupported(field, name, ['cpu', 'hugepages-', 'memory']))
  else errors.push(fieldInvalid(field, name, 'must be a standard resource type or fully qualified'))
}

/**
 * Extended resources and huge pages cannot be overcommitted: the request must equal the limit. A name without a domain is no
 * extended resource, whether or not it is one that containers may have.
 */
const overcommits = (name: string): boolean =>
  (!name.includes('/') || name.includes('kubernetes.io/')) && !isHugePages(name)

function checkRequest(name: string, request: string, limits: Quantities, field: string, errors: FieldError[]): void {
  const limit = limits[name]
  if (limit === undefined) {
    if (!overcommits(name))
      errors.push(fieldRequired(`${field}.limits`, 'Limit must be set for non overcommitable resources'))
    return
  }
  const order = compareQuantities(request, limit)
  if (!overcommits(name) && order !== 0)
    errors.push(fieldInvalid(`${field}.requests`, request, `must be equal to ${name} limit of ${limit}`))
  else if (order > 0)
    errors.push(fieldInvalid(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`))
}

/** Validates which claims of its pod a container uses. @param known their names in the pod */
export function checkResourceClaims(
  claims: readonly Wire<{ name: string; request: string }>[],
  known: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  claims.forEach(({ name = '', request = '' }, i) => {
    const at = `${field}[${i}]`
    if (name === '') {
      errors.push(fieldRequired(at))
      return
    }
    const key = request === '' ? name : `${name}/${request}`
    if (seen.has(key)) errors.push(fieldDuplicate(at, key))
    seen.add(key)
    if (known.includes(name)) return
    const names = known.length === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`
    const { message } = fieldNotFound(at, name)
    errors.push({
      type: 'FieldValueNotFound',
      field: at,
      message: `${message}: must be one of the names in pod.spec.resourceClaims${names}`,
    })
  })
}
