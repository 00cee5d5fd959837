import { fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { labelProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from '../fields.ts'

/** The names of resource.k8s.io: of drivers, pools, devices, requests, attributes (pkg/apis/resource/validation). */

const longestDriverName = 63
const longestPoolName = 253
const longestId = 32

export function checkDriverName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(fieldRequired(field))
    return
  }
  if (name.length > longestDriverName) errors.push(fieldTooLong(field, longestDriverName))
  addInvalid(subdomainProblems(name.toLowerCase()), name, field, errors)
}

/** A path of DNS subdomains. */
export function checkPoolName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(fieldRequired(field))
    return
  }
  if (name.length > longestPoolName) errors.push(fieldTooLong(field, longestPoolName))
  for (const part of name.split('/')) addInvalid(subdomainProblems(part), part, field, errors)
}

/** Of devices, requests, counters and counter sets. */
export const checkLabelName = (name: string, field: string, errors: FieldError[]): void =>
  addInvalid(labelProblems(name), name, field, errors)

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const identifierProblem =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"

function checkIdentifier(id: string, field: string, errors: FieldError[]): void {
  if (id.length > longestId) errors.push(fieldTooLong(field, longestId))
  if (!identifier.test(id)) errors.push(fieldInvalid(field, id, identifierProblem))
}

/** The name of an attribute or capacity: a C identifier, with the domain of its driver or without. */
export function checkAttributeName(name: string, field: string, errors: FieldError[]): void {
  const parts = name.split('/')
  const [first = '', second = ''] = parts
  if (parts.length === 1) checkIdentifier(first, field, errors)
  if (parts.length !== 2) return
  if (first === '') errors.push(fieldInvalid(field, '', 'the domain must not be empty'))
  else checkDriverName(first, field, errors)
  if (second === '') errors.push(fieldInvalid(field, '', 'the name must not be empty'))
  else checkIdentifier(second, field, errors)
}

export function checkQualifiedAttributeName(name: string, field: string, errors: FieldError[]): void {
  checkAttributeName(name, field, errors)
  if (!name.includes('/'))
    errors.push(fieldInvalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash'))
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function checkShareId(id: string | undefined, field: string, errors: FieldError[]): void {
  if (id !== undefined && !uuid.test(id))
    errors.push(
      fieldInvalid(
        field,
        id,
        'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
      ),
    )
}
