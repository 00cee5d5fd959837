import type { LabelSelector, LabelSelectorRequirement } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { labelValueProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'

/** Validates labels of an object, a pod template or a selector. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  if (labels === undefined) return []
  const errors: FieldError[] = []
  for (const key in labels) {
    const value = labels[key] ?? ''
    if (!validKeys.has(key)) {
      const problems = qualifiedNameProblems(key)
      if (problems.length === 0) remember(validKeys, key)
      for (const problem of problems) errors.push(fieldInvalid(field, key, problem))
    }
    if (value === '' || validValues.has(value)) continue
    const problems = labelValueProblems(value)
    if (problems.length === 0) remember(validValues, value)
    for (const problem of problems) errors.push(fieldInvalid(field, value, problem))
  }
  return errors
}

/** Caches valid keys and values: many objects have the same ones. */
const validKeys = new Set<string>()
const validValues = new Set<string>()

function remember(set: Set<string>, text: string): void {
  if (set.size > 5000) set.clear()
  set.add(text)
}

/** Maximum total size of annotations in bytes, keys included (`TotalAnnotationSizeLimitB` of apimachinery). */
const maxAnnotations = 256 * 1024

/** Validates annotations. */
export function checkAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  if (annotations === undefined) return []
  const errors: FieldError[] = []
  let size = 0
  for (const key in annotations) {
    size += key.length + (annotations[key]?.length ?? 0)
    if (validKeys.has(key)) continue
    const problems = qualifiedNameProblems(key.toLowerCase())
    if (problems.length === 0 && key === key.toLowerCase()) remember(validKeys, key)
    for (const problem of problems) errors.push(fieldInvalid(field, key, problem))
  }
  if (size > maxAnnotations) errors.push(fieldTooLong(field, maxAnnotations))
  return errors
}

/** Validates a LabelSelector. */
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
  { key = '', operator, values = [] }: Wire<LabelSelectorRequirement>,
  field: string,
  errors: FieldError[],
): void {
  if (!checkOperatorValues(operator, values, field, errors))
    errors.push(fieldInvalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'))
  for (const problem of qualifiedNameProblems(key)) errors.push(fieldInvalid(`${field}.key`, key, problem))
  values.forEach((value, i) => {
    for (const problem of labelValueProblems(value)) errors.push(fieldInvalid(`${field}.values[${i}]`, value, problem))
  })
}

/**
 * Validates the number of values that an operator takes, the same for every selector. @returns whether `operator` is
 * valid
 */
export function checkOperatorValues(
  operator: string | undefined,
  values: readonly string[],
  field: string,
  errors: FieldError[],
): boolean {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(fieldRequired(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      return true
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(
          fieldForbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        )
      return true
    default:
      return false
  }
}

export const isEmptySelector = (selector: Wire<LabelSelector> | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0
