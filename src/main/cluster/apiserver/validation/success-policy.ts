import type { JobSpec, SuccessPolicyRule } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { checkAtMost, checkNotNegative } from './fields.ts'
import { countIndexes } from './index-intervals.ts'
import type { Wire } from '../api/wire.ts'

const maxRules = 20
const maxIndexesText = 64 * 1024

/** Validates the success policy of a Job. @param field `spec.successPolicy` */
export function checkSuccessPolicy(
  { successPolicy, completionMode, completions = 0 }: Wire<JobSpec>,
  field: string,
  errors: FieldError[],
): void {
  if (completionMode !== 'Indexed') {
    errors.push(fieldInvalid(field, successPolicy, 'requires indexed completion mode'))
    return
  }
  const at = `${field}.rules`
  const rules = successPolicy?.rules ?? []
  if (rules.length === 0)
    errors.push(fieldRequired(at, 'at least one rules must be specified when the successPolicy is specified'))
  checkAtMost(rules.length, maxRules, at, errors)
  rules.forEach((rule, i) => checkRule(rule, completions, `${at}[${i}]`, errors))
}

function checkRule(
  { succeededCount, succeededIndexes }: Wire<SuccessPolicyRule>,
  completions: number,
  field: string,
  errors: FieldError[],
): void {
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.push(fieldRequired(field, 'at least one of succeededCount or succeededIndexes must be specified'))
  const total = checkIndexes(succeededIndexes, completions, `${field}.succeededIndexes`, errors)
  if (succeededCount === undefined) return
  const at = `${field}.succeededCount`
  checkNotNegative(succeededCount, at, errors)
  const atMost = (most: number, what: string): void => {
    if (succeededCount > most)
      errors.push(fieldInvalid(at, succeededCount, `must be less than or equal to ${most} (the number of ${what})`))
  }
  atMost(completions, 'specified completions')
  if (succeededIndexes !== undefined) atMost(total, 'indexes in the specified succeededIndexes field')
}

/** Validates index intervals. @returns the number of indexes; 0 when the text is invalid */
function checkIndexes(text: string | undefined, completions: number, field: string, errors: FieldError[]): number {
  if (text === undefined) return 0
  if (text.length > maxIndexesText) errors.push(fieldTooLong(field, maxIndexesText))
  const counted = countIndexes(text, completions)
  if (typeof counted === 'number') return counted
  errors.push(fieldInvalid(field, text, `error parsing succeededIndexes: ${counted}`))
  return 0
}
