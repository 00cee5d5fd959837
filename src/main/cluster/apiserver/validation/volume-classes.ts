import { fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from './fields.ts'

/** Rules that the classes of volumes share: who provisions, and with which parameters. */

/** Validates the name of a provisioner; the message quotes it in lower case. */
export function checkProvisioner(name: string | undefined, field: string, errors: FieldError[]): void {
  if (!name) errors.push(fieldRequired(field))
  else addInvalid(qualifiedNameProblems(name.toLowerCase()), name.toLowerCase(), field, errors)
}

const maxParameters = 512
const maxParametersSize = 256 * 1024

export function checkParameters(parameters: Readonly<Record<string, string>>, errors: FieldError[]): void {
  const entries = Object.entries(parameters)
  if (entries.length > maxParameters) {
    errors.push(fieldTooLong('parameters', maxParameters))
    return
  }
  let size = 0
  for (const [key, value] of entries) {
    if (key === '') errors.push(fieldInvalid('parameters', key, 'field can not be empty.'))
    size += key.length + value.length
  }
  if (size > maxParametersSize) errors.push(fieldTooLong('parameters', maxParametersSize))
}
