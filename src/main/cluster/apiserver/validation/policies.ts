import type {
  MatchResources,
  MutatingAdmissionPolicySpec,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicySpec,
  Variable,
} from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { label1035Problems, pathSegmentProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Variables } from '../cel/compile.ts'
import { policyVariables } from '../cel/policy-variables.ts'
import { checkTypes, dyn, named, type TypedVariables } from '../cel/types.ts'
import { checkExpression } from './expressions.ts'
import { addInvalid, checkNotRepeated, checkOneOf, checkSupported } from './fields.ts'
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

/** Validates the fields that both kinds of policies have, and their expressions. @returns how to check the others */
export function checkPolicy(
  spec: ValidatingAdmissionPolicySpec | MutatingAdmissionPolicySpec,
  errors: FieldError[],
): PolicyExpressionCheck {
  checkSupported(spec.failurePolicy, ['Fail', 'Ignore'], 'spec.failurePolicy', errors)
  if (spec.paramKind) checkParamKind(spec.paramKind, errors)
  if (!spec.matchConstraints) errors.push(fieldRequired('spec.matchConstraints'))
  else {
    checkMatch(spec.matchConstraints, 'spec.matchConstraints', errors)
    if (!spec.matchConstraints.resourceRules?.length) errors.push(fieldRequired('spec.matchConstraints.resourceRules'))
  }
  const variables = policyVariables(spec.paramKind !== undefined)
  checkMatchConditions(spec.matchConditions, variables, 'spec.matchConditions', errors)
  checkVariables(spec.variables ?? [], variables, errors)
  const defined = definedVariables(spec.variables ?? [], variables)
  return (expression, result, field) => {
    const before = errors.length
    checkExpression(expression, variables, result, field, errors)
    if (errors.length > before || !expression?.trim()) return
    const { problem } = checkTypes(expression, defined)
    if (problem !== undefined) errors.push(fieldInvalid(field, expression, `compilation failed: ${problem}`))
  }
}

/** Validates an expression that may use the policy's variables. */
export type PolicyExpressionCheck = (
  expression: string | undefined,
  result: 'bool' | 'string' | undefined,
  field: string,
) => void

/** The variables, with those of the policy: one that has no expression is none. */
function definedVariables(list: readonly Variable[], variables: Variables): TypedVariables {
  const names = list.filter(({ expression }) => expression?.trim()).map(({ name }) => [name, dyn] as const)
  const typed = Object.entries(variables).map(([name, type]) => [name, named(type)] as const)
  return { ...Object.fromEntries(typed), variables: { kind: 'object', fields: () => Object.fromEntries(names) } }
}

function checkParamKind({ apiVersion, kind }: ParamKind, errors: FieldError[]): void {
  checkGroupVersion(apiVersion, 'spec.paramKind.apiVersion', errors)
  if (!kind) {
    errors.push(fieldRequired('spec.paramKind.kind'))
    return
  }
  const problems = label1035Problems(kind.toLowerCase())
  const detail = `may have mixed case, but should otherwise match: ${problems.join(',')}`
  if (problems.length > 0) errors.push(fieldInvalid('spec.paramKind.kind', kind, detail))
}

function checkGroupVersion(apiVersion: string | undefined, field: string, errors: FieldError[]): void {
  if (!apiVersion) {
    errors.push(fieldRequired(field))
    return
  }
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/')
  if (parts.length > 2) {
    errors.push(fieldInvalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
    return
  }
  const [version = '', group = ''] = parts.toReversed()
  const ofGroup = group === '' ? [] : subdomainProblems(group)
  if (ofGroup.length > 0) errors.push(fieldInvalid(field, group, ofGroup.join(',')))
  const ofVersion = label1035Problems(version)
  if (version === '') errors.push(fieldInvalid(field, apiVersion, 'version must be specified'))
  else if (ofVersion.length > 0) errors.push(fieldInvalid(field, version, ofVersion.join(',')))
}

export function checkMatch(match: MatchResources, field: string, errors: FieldError[]): void {
  checkSupported(match.matchPolicy, ['Equivalent', 'Exact'], `${field}.matchPolicy`, errors)
  checkLabelSelector(match.namespaceSelector, `${field}.namespaceSelector`, errors)
  checkLabelSelector(match.objectSelector, `${field}.objectSelector`, errors)
  match.resourceRules?.forEach((rule, i) => checkNamedRule(rule, `${field}.resourceRules[${i}]`, errors))
  match.excludeResourceRules?.forEach((rule, i) => checkNamedRule(rule, `${field}.excludeResourceRules[${i}]`, errors))
}

function checkNamedRule(rule: NamedRuleWithOperations, field: string, errors: FieldError[]): void {
  const { resourceNames = [] } = rule
  resourceNames.forEach((name, i) => {
    addInvalid(pathSegmentProblems(name), name, `${field}.resourceNames[${i}]`, errors)
    checkNotRepeated(resourceNames, i, `${field}.resourceNames[${i}]`, errors)
  })
  checkRule(rule, field, errors)
}

/** Operations that an object is changed by. */
const mutated = ['*', 'CONNECT', 'CREATE', 'UPDATE']

/** Validates that what mutating policies match can be changed. */
export function checkMutatedOperations(match: MatchResources | undefined, field: string, errors: FieldError[]): void {
  for (const { operations = [] } of match?.resourceRules ?? [])
    for (const operation of operations) checkSupported(operation, mutated, `${field}.resourceRules.operations`, errors)
}

function checkVariables(list: readonly Variable[], variables: Variables, errors: FieldError[]): void {
  list.forEach(({ name, expression }, i) => {
    const field = `spec.variables[${i}]`
    if (!name?.trim()) errors.push(fieldRequired(`${field}.name`, 'name is not specified'))
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name))
      errors.push(fieldInvalid(`${field}.name`, name, 'must be a valid CEL identifier'))
    if (!expression?.trim()) errors.push(fieldRequired(`${field}.expression`, 'expression is not specified'))
    else checkExpression(expression, variables, undefined, `${field}.expression`, errors)
  })
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** Validates the fields that both kinds of bindings have. */
export function checkBinding(
  spec: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources },
  errors: FieldError[],
): void {
  if (!spec.policyName) errors.push(fieldRequired('spec.policyName'))
  else addInvalid(subdomainProblems(spec.policyName), spec.policyName, 'spec.policyName', errors)
  if (spec.paramRef) checkParamRef(spec.paramRef, 'spec.paramRef', errors)
  if (spec.matchResources) checkMatch(spec.matchResources, 'spec.matchResources', errors)
}

function checkParamRef(paramRef: ParamRef, field: string, errors: FieldError[]): void {
  const { name = '', selector, parameterNotFoundAction: action } = paramRef
  const exclusive = 'name and selector are mutually exclusive'
  if (name !== '') addInvalid(pathSegmentProblems(name), name, `${field}.name`, errors)
  if (name !== '' && selector) errors.push(fieldForbidden(`${field}.name`, exclusive))
  checkLabelSelector(selector, `${field}.selector`, errors)
  if (name !== '' && selector) errors.push(fieldForbidden(`${field}.selector`, exclusive))
  if (name === '' && !selector) errors.push(fieldRequired(field, 'one of name or selector must be specified'))
  checkOneOf(action, ['Deny', 'Allow'], `${field}.parameterNotFoundAction`, errors)
}
