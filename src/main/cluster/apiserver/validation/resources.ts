import type { ResourceRequirements } from '#shared/kube/generated/types.ts'
import { compareQuantities, parseQuantity } from '#shared/kube/quantity.ts'
import { fieldDuplicate, fieldInvalid, fieldNotFound, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
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
}

const standard = new Set(['cpu', 'memory', 'ephemeral-storage'])
const isStandard = (name: string): boolean => standard.has(name) || name.startsWith('hugepages-')

/** Validates one limit of a container's resources. */
export function checkLimit(name: string, quantity: string, field: string, errors: FieldError[]): void {
  checkContainerResourceName(name, field, errors)
  const { nano } = parseQuantity(quantity)
  if (nano < 0n) errors.push(fieldInvalid(field, quantity, 'must be greater than or equal to 0'))
  if (!standard.has(name) && nano % 1_000_000_000n !== 0n)
    errors.push(fieldInvalid(field, quantity, 'must be an integer'))
}

/** Validates a resource name of a container: a standard resource, or a fully qualified name. */
export function checkContainerResourceName(name: string, field: string, errors: FieldError[]): void {
  if (!isStandard(name)) checkResourceName(name, field, errors)
}

function checkResourceName(name: string, field: string, errors: FieldError[]): void {
  const problems = qualifiedNameProblems(name)
  for (const problem of problems) errors.push(fieldInvalid(field, name, problem))
  if (problems.length > 0 || name.includes('/')) return
  errors.push(fieldInvalid(field, name, 'must be a standard resource type or fully qualified'))
  errors.push(fieldInvalid(field, name, 'must be a standard resource for containers'))
}

/** Extended resources and huge pages cannot be overcommitted: the request must equal the limit. */
const overcommits = (name: string): boolean => standard.has(name)

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
      errors.push(fieldRequired(`${at}.name`))
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
