import type { LabelSelector } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelValueProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { checkLabels } from '../registry/metadata.ts'
import type { Wire } from '../api/wire.ts'

/** Findings about a LabelSelector. */
export function checkLabelSelector(
  selector: Wire<LabelSelector> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!selector) return
  for (const error of checkLabels(selector.matchLabels as Record<string, string> | undefined, `${field}.matchLabels`))
    errors.push(error)
  selector.matchExpressions?.forEach((expression, i) => {
    checkExpression(expression, `${field}.matchExpressions[${i}]`, errors)
  })
}

function checkExpression(
  { key = '', operator, values = [] }: { key?: string; operator?: string; values?: string[] },
  field: string,
  errors: FieldError[],
): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(fieldRequired(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(
          fieldForbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        )
      break
    default:
      errors.push(fieldInvalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'))
  }
  for (const problem of qualifiedNameProblems(key)) errors.push(fieldInvalid(`${field}.key`, key, problem))
  values.forEach((value, i) => {
    for (const problem of labelValueProblems(value)) errors.push(fieldInvalid(`${field}.values[${i}]`, value, problem))
  })
}

export const isEmptySelector = (selector: Wire<LabelSelector> | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0

export { checkLabels } from '../registry/metadata.ts'
