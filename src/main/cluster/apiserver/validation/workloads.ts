import type { LabelSelector, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import { selects } from '#shared/kube/selectors.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { percentProblems } from '#shared/kube/validation-names.ts'
import { checkLabelSelector, isEmptySelector } from './labels.ts'
import { checkPodTemplate } from './pod-spec.ts'
import type { Wire } from '../api/wire.ts'

/** Validates selector and template of a workload with long-running pods. @param kind as messages name it */
export function checkRunningWorkload(
  { selector, template }: Wire<{ selector: LabelSelector; template: PodTemplateSpec }>,
  kind: { inSelector: string; inDeadline: string },
  errors: FieldError[],
): void {
  let isValid = true
  if (!selector) {
    // For a DaemonSet, Kubernetes reports only the labels that do not match.
    if (kind.inSelector !== 'daemonset') errors.push(fieldRequired('spec.selector'))
  } else {
    const before = errors.length
    checkLabelSelector(selector, 'spec.selector', errors)
    isValid = errors.length === before
    if (isEmptySelector(selector))
      errors.push(fieldInvalid('spec.selector', selector, `empty selector is invalid for ${kind.inSelector}`))
  }
  const field = 'spec.template'
  if (!template) {
    errors.push(fieldRequired(field))
    return
  }
  if (isValid) checkSelected(selector, template, errors)
  else if (kind.inSelector !== 'daemonset') {
    // Nothing else is looked at then.
    errors.push(
      fieldInvalid('spec.selector', selector, kind.inSelector === 'statefulset' ? '' : 'invalid label selector'),
    )
    return
  }
  checkPodTemplate(template, field, errors)
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {}
  if (restartPolicy !== 'Always')
    errors.push(fieldNotSupported(`${field}.spec.restartPolicy`, restartPolicy, ['Always']))
  if (activeDeadlineSeconds !== undefined)
    errors.push(
      fieldForbidden(
        `${field}.spec.activeDeadlineSeconds`,
        `activeDeadlineSeconds in ${kind.inDeadline} is not Supported`,
      ),
    )
}

/** Validates that the selector matches the template's labels; without a selector nothing matches. */
export function checkSelected(
  selector: Wire<LabelSelector> | undefined,
  { metadata }: Wire<PodTemplateSpec>,
  errors: FieldError[],
): void {
  if (selector && isEmptySelector(selector)) return
  const labels = (metadata?.labels ?? {}) as Record<string, string>
  if (!selector || !selects(selector as LabelSelector, labels))
    errors.push(
      fieldInvalid('spec.template.metadata.labels', metadata?.labels, '`selector` does not match template `labels`'),
    )
}

/** Validates a count, or a percentage of the replicas. */
export function checkCountOrPercent(value: number | string | undefined, field: string, errors: FieldError[]): void {
  if (typeof value === 'string')
    for (const problem of percentProblems(value)) errors.push(fieldInvalid(field, value, problem))
  else if (value !== undefined && value < 0)
    errors.push(fieldInvalid(field, value, 'must be greater than or equal to 0'))
}

export function checkAtMostHundredPercent(
  value: number | string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (typeof value === 'string' && /^\d+%$/.test(value) && parseInt(value, 10) > 100)
    errors.push(fieldInvalid(field, value, 'must not be greater than 100%'))
}

export const isZero = (value: number | string | undefined): boolean => value === 0 || value === '0%'
