import { jsonEqual } from '#shared/kube/json.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooMany,
  type FieldError,
} from '#shared/kube/status.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'

/** Checks that most validations share; each appends to `errors`. */

export function checkNotNegative(value: number | undefined, field: string, errors: FieldError[]): void {
  if (value !== undefined && value < 0) errors.push(fieldInvalid(field, value, 'must be greater than or equal to 0'))
}

/** Validates that a required value is one of the supported values. */
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

/** A finding about a whole object, whose value the message omits. */
export const invalidWhole = (field: string, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${detail}`,
})

export function checkAtMost(count: number, most: number, field: string, errors: FieldError[]): void {
  if (count > most) errors.push(fieldTooMany(field, count, most))
}

/** Validates that the value at `i` does not repeat an earlier one. */
export function checkNotRepeated(values: readonly unknown[], i: number, field: string, errors: FieldError[]): void {
  if (values.indexOf(values[i]) < i) errors.push(fieldDuplicate(field, values[i]))
}

const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const pathRegExp = new RegExp(`^${pathPattern}$`)

/** Validates a domain-prefixed path such as `example.com/thing`. */
export function checkDomainPrefixedPath(value: string, field: string, errors: FieldError[]): void {
  if (value === '') {
    errors.push(fieldRequired(field))
    return
  }
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1) {
    errors.push(fieldInvalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    return
  }
  const [host, path] = [value.slice(0, slash), value.slice(slash + 1)]
  addInvalid(subdomainProblems(host), host, field, errors)
  if (!pathRegExp.test(path))
    errors.push(fieldInvalid(field, path, `Invalid path (regex used for validation is '${pathPattern}')`))
}
