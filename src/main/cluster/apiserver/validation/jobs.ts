import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  PodSpec,
} from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import {
  addInvalid,
  checkAtMost,
  checkDomainPrefixedPath,
  checkNotNegative,
  checkSupported,
  checkNotRepeated,
  invalidWhole,
} from './fields.ts'
import { checkPodTemplate } from './pod-spec.ts'
import { checkSuccessPolicy } from './success-policy.ts'
import type { Wire } from '../api/wire.ts'

/** Validates the spec of a Job or of a CronJob's template. @param field `spec` */
export function checkJobSpec(spec: Wire<JobSpec>, field: string, errors: FieldError[]): void {
  for (const name of counts) checkNotNegative(spec[name], `${field}.${name}`, errors)
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(fieldRequired(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  if (spec.managedBy !== undefined) {
    checkDomainPrefixedPath(spec.managedBy, `${field}.managedBy`, errors)
    if (spec.managedBy.length > maxManagedBy) errors.push(fieldTooLong(`${field}.managedBy`, maxManagedBy))
  }
  checkSupported(spec.completionMode, ['NonIndexed', 'Indexed'], `${field}.completionMode`, errors)
  if (spec.completionMode === 'Indexed') checkIndexed(spec, field, errors)
  else checkNotIndexed(spec, field, errors)
  if (spec.podFailurePolicy) checkFailurePolicy(spec, `${field}.podFailurePolicy.rules`, errors)
  if (spec.successPolicy) checkSuccessPolicy(spec, `${field}.successPolicy`, errors)
  const replacement = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  checkSupported(spec.podReplacementPolicy, replacement, `${field}.podReplacementPolicy`, errors)
  checkPodTemplate(spec.template ?? {}, `${field}.template`, errors)
  checkRestartPolicy(spec, `${field}.template.spec.restartPolicy`, errors)
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

const maxManagedBy = 63
const maxIndexes = 100_000
/** Maximum parallelism and maxFailedIndexes when completions exceed `maxIndexes` and backoffLimitPerIndex is set. */
const maxOfMany = 10_000

function checkIndexed(spec: Wire<JobSpec>, field: string, errors: FieldError[]): void {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec
  const tooMany = (name: string, value: number, detail: string): number =>
    errors.push(fieldInvalid(`${field}.${name}`, value, `must be less than or equal to ${detail}`))
  if (completions === undefined) errors.push(fieldRequired(`${field}.completions`, 'when completion mode is Indexed'))
  if (parallelism > maxIndexes) tooMany('parallelism', parallelism, `${maxIndexes} when completion mode is Indexed`)
  if (maxFailedIndexes !== undefined) {
    if (completions !== undefined && maxFailedIndexes > completions)
      tooMany('maxFailedIndexes', maxFailedIndexes, 'completions')
    if (maxFailedIndexes > maxIndexes) tooMany('maxFailedIndexes', maxFailedIndexes, String(maxIndexes))
  }
  if ((completions ?? 0) <= maxIndexes || backoffLimitPerIndex === undefined) return
  const ofMany = `${maxOfMany} when completions are above ${maxIndexes} and used with backoff limit per index`
  if (maxFailedIndexes === undefined)
    errors.push(fieldRequired(`${field}.maxFailedIndexes`, `must be specified when completions is above ${maxIndexes}`))
  if (parallelism > maxOfMany) tooMany('parallelism', parallelism, ofMany)
  if (maxFailedIndexes !== undefined && maxFailedIndexes > maxOfMany)
    tooMany('maxFailedIndexes', maxFailedIndexes, ofMany)
}

function checkNotIndexed(spec: Wire<JobSpec>, field: string, errors: FieldError[]): void {
  // What is no mode at all is told elsewhere.
  if (spec.completionMode === 'NonIndexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined)
        errors.push(fieldInvalid(`${field}.${name}`, spec[name], 'requires indexed completion mode'))
}

function checkRestartPolicy({ template, podFailurePolicy }: Wire<JobSpec>, field: string, errors: FieldError[]): void {
  const policy = template?.spec?.restartPolicy ?? ''
  const supported = ['OnFailure', 'Never']
  // Always is also the default of an omitted value.
  if (policy === 'Always' || policy === '') errors.push(fieldRequired(field, 'valid values: "OnFailure", "Never"'))
  else if (!supported.includes(policy)) errors.push(fieldNotSupported(field, policy, supported))
  else if (podFailurePolicy && policy !== 'Never')
    errors.push(fieldInvalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified'))
}

const maxRules = 20
const maxExitCodes = 255
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']

function checkFailurePolicy(spec: Wire<JobSpec>, field: string, errors: FieldError[]): void {
  const rules = spec.podFailurePolicy?.rules ?? []
  checkAtMost(rules.length, maxRules, field, errors)
  rules.forEach((rule, i) => checkFailureRule(spec, rule, `${field}[${i}]`, errors))
}

function checkFailureRule(
  spec: Wire<JobSpec>,
  { action, onExitCodes, onPodConditions }: Wire<PodFailurePolicyRule>,
  field: string,
  errors: FieldError[],
): void {
  checkNamed(action, actions, `${field}.action`, errors)
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(fieldInvalid(`${field}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  if (onExitCodes) checkExitCodes(onExitCodes, containerNames(spec.template?.spec), `${field}.onExitCodes`, errors)
  const conditions = onPodConditions ?? []
  checkAtMost(conditions.length, maxRules, `${field}.onPodConditions`, errors)
  conditions.forEach((pattern, i) => checkCondition(pattern, `${field}.onPodConditions[${i}]`, errors))
  if (onExitCodes && conditions.length > 0)
    errors.push(invalidWhole(field, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  if (!onExitCodes && conditions.length === 0)
    errors.push(invalidWhole(field, 'specifying one of OnExitCodes and OnPodConditions is required'))
}

/**
 * Validates that a value is one of the supported names; an empty value is reported with Go's formatting of the names.
 */
function checkNamed(value: string | undefined, names: readonly string[], field: string, errors: FieldError[]): void {
  if (!value) errors.push(fieldRequired(field, `valid values: [${names.map((name) => `"${name}"`).join(' ')}]`))
  else checkSupported(value, names, field, errors)
}

const containerNames = (pod: Wire<PodSpec> | undefined): (string | undefined)[] =>
  [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name)

function checkCondition(
  { type = '', status }: Wire<PodFailurePolicyOnPodConditionsPattern>,
  field: string,
  errors: FieldError[],
): void {
  addInvalid(qualifiedNameProblems(type), type, `${field}.type`, errors)
  checkNamed(status, ['False', 'True', 'Unknown'], `${field}.status`, errors)
}

function checkExitCodes(
  { operator, containerName, values = [] }: Wire<PodFailurePolicyOnExitCodesRequirement>,
  names: readonly (string | undefined)[],
  field: string,
  errors: FieldError[],
): void {
  checkNamed(operator, ['In', 'NotIn'], `${field}.operator`, errors)
  if (containerName !== undefined && !names.includes(containerName))
    errors.push(
      fieldInvalid(
        `${field}.containerName`,
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    )
  const at = `${field}.values`
  if (values.length === 0) errors.push(fieldInvalid(at, values, 'at least one value is required'))
  checkAtMost(values.length, maxExitCodes, at, errors)
  values.forEach((value, i) => {
    if (operator === 'In' && value === 0)
      errors.push(fieldInvalid(`${at}[${i}]`, value, 'must not be 0 for the In operator'))
    checkNotRepeated(values, i, `${at}[${i}]`, errors)
  })
  if (values.some((value, i) => value < (values[i - 1] ?? value)))
    errors.push(fieldInvalid(at, values, 'must be ordered'))
}
