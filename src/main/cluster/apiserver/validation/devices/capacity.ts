import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from '#shared/kube/generated/types.ts'
import { addQuantities, compareQuantities, quantityValue } from '#shared/kube/quantity.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { Wire } from '../../api/wire.ts'
import { checkSet } from './lists.ts'

const mostValues = 10

/** Validates how requests of a shared device's capacity are rounded. @param capacity all that the device has */
export function checkRequestPolicy(
  capacity: string,
  { default: fallback, validValues, validRange }: Wire<CapacityRequestPolicy>,
  field: string,
  errors: FieldError[],
): void {
  const hasValues = (validValues?.length ?? 0) > 0
  if (hasValues && validRange)
    errors.push(
      fieldForbidden(
        field,
        'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ),
    )
  else if (hasValues && fallback === undefined)
    errors.push(fieldRequired(`${field}.default`, 'required when validValues is defined'))
  else if (hasValues && fallback !== undefined)
    checkValues(capacity, fallback, validValues ?? [], `${field}.validValues`, errors)
  else if (validRange && fallback === undefined)
    errors.push(fieldRequired(`${field}.default`, 'required when validRange is defined'))
  else if (validRange && fallback !== undefined)
    checkRange(capacity, fallback, validRange, `${field}.validRange`, errors)
}

const exceeds = (a: string, b: string): boolean => compareQuantities(a, b) > 0

function checkValues(
  capacity: string,
  fallback: string,
  values: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  values.forEach((value, i) => {
    const before = values[i - 1]
    if (before !== undefined && exceeds(before, value))
      errors.push(fieldInvalid(`${field}[${i}]`, value, 'values must be sorted in ascending order'))
  })
  checkSet(values, mostValues, field, errors, {
    check(value, at) {
      if (exceeds(value, capacity))
        errors.push(fieldInvalid(at, value, `option is larger than capacity value: ${capacity}`))
    },
    key: (value) => String(quantityValue(value)),
  })
  if (!values.some((value) => compareQuantities(value, fallback) === 0))
    errors.push(fieldInvalid(field, fallback, 'default value is not valid according to the requestPolicy'))
}

function checkRange(
  capacity: string,
  fallback: string,
  { min, max, step }: Wire<CapacityRequestPolicyRange>,
  field: string,
  errors: FieldError[],
): void {
  if (min === undefined) {
    errors.push(fieldRequired(`${field}.min`, 'required when validRange is defined'))
    return
  }
  const problem = (name: string, value: string, detail: string): void =>
    void errors.push(fieldInvalid(`${field}.${name}`, value, detail))
  if (exceeds(min, capacity)) problem('min', min, `min is larger than capacity value: ${capacity}`)
  if (exceeds(min, fallback)) problem('min', fallback, `default is less than min: ${min}`)
  if (max !== undefined) {
    if (exceeds(min, max)) problem('max', min, `min is larger than max: ${max}`)
    if (exceeds(max, capacity)) problem('max', max, `max is larger than capacity value: ${capacity}`)
    if (exceeds(fallback, max)) problem('max', fallback, `default is more than max: ${max}`)
  }
  if (step === undefined) return
  const first = addQuantities(min, step)
  if (exceeds(first, capacity)) problem('step', step, `one step ${first} is larger than capacity value: ${capacity}`)
  for (const value of [fallback, ...(max === undefined ? [] : [max])])
    if (!isMultiple(value, min, step))
      problem('step', value, `value is not a multiple of a given step (${step}) from (${min})`)
}

/** A step of zero has no multiples; Kubernetes would divide by it. */
const isMultiple = (value: string, min: string, step: string): boolean =>
  quantityValue(step) > 0 && (quantityValue(value) - quantityValue(min)) % quantityValue(step) === 0
