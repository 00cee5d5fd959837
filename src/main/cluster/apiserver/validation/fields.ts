import { jsonEqual } from '#shared/kube/json.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'

/** The findings that most validations share; each adds to `errors`. */

export function checkNotNegative(value: number | undefined, field: string, errors: FieldError[]): void {
  if (value !== undefined && value < 0) errors.push(fieldInvalid(field, value, 'must be greater than or equal to 0'))
}

/** A text that has to be there and to be one of those supported. */
export function checkOneOf(
  value: string | undefined,
  supported: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  if (value === undefined || value === '') errors.push(fieldRequired(field))
  else checkSupported(value, supported, field, errors)
}

export function checkSupported(
  value: string | undefined,
  supported: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  if (value !== undefined && !supported.includes(value)) errors.push(fieldNotSupported(field, value, supported))
}

export function checkImmutable(next: unknown, previous: unknown, field: string, errors: FieldError[]): void {
  if (!jsonEqual(next, previous)) errors.push(fieldInvalid(field, next, 'field is immutable'))
}

export function addInvalid(problems: readonly string[], value: unknown, field: string, errors: FieldError[]): void {
  for (const problem of problems) errors.push(fieldInvalid(field, value, problem))
}
