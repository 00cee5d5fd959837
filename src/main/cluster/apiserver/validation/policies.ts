import type {
  MatchResources,
  MutatingAdmissionPolicySpec,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicySpec,
  Variable,
} from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Variables } from '../cel/compile.ts'
import { policyVariables } from '../cel/policy-variables.ts'
import { checkExpression } from './expressions.ts'
import { addInvalid, checkSupported } from './fields.ts'
import { checkLabelSelector } from './labels.ts'
import { checkMatchConditions, checkRule } from './webhooks.ts'

/** Defaults and validation that validating and mutating admission policies share (admissionregistration/v1). */

export function setMatchDefaults(match: MatchResources | undefined): void {
  if (!match) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*'
}

/** Validates the fields that both kinds of policies have, and their expressions. */
export function checkPolicy(
  spec: ValidatingAdmissionPolicySpec | MutatingAdmissionPolicySpec,
  errors: FieldError[],
): Variables {
  checkSupported(spec.failurePolicy, ['Fail', 'Ignore'], 'spec.failurePolicy', errors)
  if (spec.paramKind) checkParamKind(spec.paramKind, errors)
  if (!spec.matchConstraints) errors.push(fieldRequired('spec.matchConstraints'))
  else {
    checkMatch(spec.matchConstraints, 'spec.matchConstraints', errors)
    if (!spec.matchConstraints.resourceRules?.length) errors.push(fieldRequired('spec.matchConstraints.resourceRules'))
  }
  const variables = policyVariables(spec.paramKind !== undefined)
  checkMatchConditions(spec.matchConditions, 'spec.matchConditions', errors)
  spec.matchConditions?.forEach(({ expression }, i) =>
    checkExpression(expression, variables, 'bool', `spec.matchConditions[${i}].expression`, errors),
  )
  checkVariables(spec.variables ?? [], variables, errors)
  return variables
}

function checkParamKind({ apiVersion, kind }: ParamKind, errors: FieldError[]): void {
  if (!apiVersion) errors.push(fieldRequired('spec.paramKind.apiVersion'))
  else if (apiVersion.split('/').length > 2)
    errors.push(fieldInvalid('spec.paramKind.apiVersion', apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  if (!kind) errors.push(fieldRequired('spec.paramKind.kind'))
}

export function checkMatch(match: MatchResources, field: string, errors: FieldError[]): void {
  checkSupported(match.matchPolicy, ['Equivalent', 'Exact'], `${field}.matchPolicy`, errors)
  checkLabelSelector(match.namespaceSelector, `${field}.namespaceSelector`, errors)
  checkLabelSelector(match.objectSelector, `${field}.objectSelector`, errors)
  match.resourceRules?.forEach((rule, i) => checkRule(rule, `${field}.resourceRules[${i}]`, errors))
  match.excludeResourceRules?.forEach((rule, i) => checkRule(rule, `${field}.excludeResourceRules[${i}]`, errors))
}

function checkVariables(list: readonly Variable[], variables: Variables, errors: FieldError[]): void {
  const seen = new Set<string>()
  list.forEach(({ name, expression }, i) => {
    const field = `spec.variables[${i}]`
    if (!name) errors.push(fieldRequired(`${field}.name`, 'name is required'))
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name))
      errors.push(fieldInvalid(`${field}.name`, name, 'must be a valid CEL identifier'))
    else if (seen.has(name)) errors.push(fieldDuplicate(`${field}.name`, name))
    seen.add(name)
    if (!expression?.trim()) errors.push(fieldRequired(`${field}.expression`, 'expression is not specified'))
    else checkExpression(expression, variables, undefined, `${field}.expression`, errors)
  })
}

/** Validates the fields that both kinds of bindings have. */
export function checkBinding(
  spec: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources },
  errors: FieldError[],
): void {
  if (!spec.policyName) errors.push(fieldRequired('spec.policyName'))
  else addInvalid(subdomainProblems(spec.policyName), spec.policyName, 'spec.policyName', errors)
  if (spec.matchResources) checkMatch(spec.matchResources, 'spec.matchResources', errors)
  const { paramRef } = spec
  if (!paramRef) return
  if ((paramRef.name === undefined || paramRef.name === '') === (paramRef.selector === undefined))
    errors.push(fieldRequired('spec.paramRef', 'one of name or selector must be specified'))
  if (!paramRef.parameterNotFoundAction) errors.push(fieldRequired('spec.paramRef.parameterNotFoundAction'))
  else
    checkSupported(paramRef.parameterNotFoundAction, ['Allow', 'Deny'], 'spec.paramRef.parameterNotFoundAction', errors)
  checkLabelSelector(paramRef.selector, 'spec.paramRef.selector', errors)
}
