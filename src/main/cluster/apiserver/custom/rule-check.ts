import { messageOf } from '#shared/base/message-of.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { compile } from '../cel/compile.ts'
import { checkTypes, dyn, type TypedVariables } from '../cel/types.ts'
import { isObjectSchema, type Rule, type Schema } from '../schema/structural.ts'
import { celTypeOf } from './cel-types.ts'
import type { Cardinality, RuleCosts } from './rule-costs.ts'
import { isTransition, variablesOf } from './rules.ts'
import { sizedTypeOf } from './schema-sizes.ts'
import { goRule } from './schema-value.ts'

/** Checks how the rules of a schema are written, all but their expressions. @param field of the schema */
export function checkRuleTexts(schema: Schema, field: string, errors: FieldError[]): void {
  schema['x-kubernetes-validations']?.forEach((rule, i) => {
    const at = `${field}.x-kubernetes-validations[${i}]`
    checkMessage(rule, at, errors)
    const { messageExpression, reason, fieldPath } = rule
    if (messageExpression && messageExpression.trim() === '')
      errors.push(fieldRequired(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'))
    if (reason !== undefined && !reasons.includes(reason))
      errors.push(fieldNotSupported(`${at}.reason`, reason, reasons))
    if (!fieldPath) return
    if (fieldPath.trim() === '')
      errors.push(fieldInvalid(`${at}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'))
    if (hasLineBreak(fieldPath))
      errors.push(fieldInvalid(`${at}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'))
    if (schemaAt(schema, fieldPath).schema === undefined)
      errors.push(fieldInvalid(`${at}.fieldPath`, fieldPath, 'must be a valid path'))
  })
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

const hasLineBreak = (text: string): boolean => /[\r\n]/.test(text)

function checkMessage({ rule, message }: Partial<Rule>, field: string, errors: FieldError[]): void {
  const written = message?.trim() ?? ''
  if (!rule?.trim()) errors.push(fieldRequired(`${field}.rule`, 'rule is not specified'))
  else if (message && written === '')
    errors.push(fieldInvalid(`${field}.message`, message, 'message must be non-empty if specified'))
  else if (hasLineBreak(written))
    errors.push(fieldInvalid(`${field}.message`, message, 'message must not contain line breaks'))
  else if (hasLineBreak(rule.trim()) && written === '')
    errors.push(fieldRequired(`${field}.message`, 'message must be specified if rule contains line breaks'))
}

/** The schema that a path such as `.spec.ports` or `.labels['a']` leads to, or why there is none. */
export function schemaAt(schema: Schema, path: string): { schema?: Schema; problem: string } {
  let at: Schema | undefined = schema
  let rest = path
  while (rest !== '') {
    const match = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest)
    if (!match) return { problem: `expected [ or . but got: ${/^[^.[\]]+|^./.exec(rest)?.[0] ?? ''}` }
    const name = match[1] ?? match[2] ?? ''
    at = at.properties?.[name] ?? (isObjectSchema(at.additionalProperties) ? at.additionalProperties : undefined)
    if (at === undefined) return { problem: 'does not refer to a valid field' }
    rest = rest.slice(match[0].length)
  }
  return { schema: at, problem: '' }
}

/** The schema node that rules access as `self`. */
export interface Subject {
  schema: Schema
  isResource: boolean
  /** The schema above within which states cannot be told apart, so that rules cannot compare them. */
  uncorrelatable: string | undefined
  cardinality: Cardinality
}

/** Compiles the rules of a schema, and estimates what they cost. */
export function checkRuleExpressions(subject: Subject, field: string, errors: FieldError[], costs: RuleCosts): void {
  const { schema, isResource, cardinality } = subject
  const type = sizedTypeOf(schema, isResource || schema['x-kubernetes-embedded-resource'])
  schema['x-kubernetes-validations']?.forEach((rule, i) => {
    const at = `${field}.x-kubernetes-validations[${i}]`
    const problem = problemOf(rule.rule, rule, subject, 'bool', 'rule')
    if (problem !== undefined) {
      errors.push(fieldInvalid(`${at}.rule`, goRule(rule), problem))
      return
    }
    const wrong =
      rule.messageExpression && problemOf(rule.messageExpression, rule, subject, 'string', 'messageExpression')
    const { messageExpression: _, ...alone } = rule
    if (type) costs.add(wrong ? alone : rule, type, cardinality, at, errors)
    if (wrong) errors.push(fieldInvalid(`${at}.messageExpression`, goRule(rule), wrong))
    checkTransition(rule, subject, at, errors)
  })
}

function checkTransition(rule: Rule, { uncorrelatable }: Subject, field: string, errors: FieldError[]): void {
  if (isTransition(rule)) {
    if (uncorrelatable !== undefined)
      errors.push(
        fieldInvalid(
          `${field}.rule`,
          rule.rule,
          `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`,
        ),
      )
  } else if (rule.optionalOldSelf !== undefined)
    errors.push(
      fieldInvalid(`${field}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'),
    )
}

/** Rules are compiled without types, as they run, and then checked against the types of the schema. */
function problemOf(
  expression: string,
  { optionalOldSelf }: Partial<Rule>,
  { schema, isResource }: Subject,
  result: 'bool' | 'string',
  name: string,
): string | undefined {
  try {
    compile(expression, variablesOf({ ...(optionalOldSelf ? { optionalOldSelf } : {}) }))
  } catch (error) {
    return messageOf(error)
  }
  const { problem, type } = checkTypes(expression, typedVariables(schema, isResource, optionalOldSelf === true))
  if (problem !== undefined) return `compilation failed: ${problem}`
  if (type === undefined || type === result || type === 'dyn') return undefined
  return name === 'rule' ? `cel expression must evaluate to a ${result}` : `${name} must evaluate to a ${result}`
}

function typedVariables(schema: Schema, isResource: boolean, optional: boolean): TypedVariables {
  const known = (optional ? withOptional : withPlain).get(schema)
  if (known) return known
  const self = celTypeOf(schema, isResource || schema['x-kubernetes-embedded-resource'] === true) ?? dyn
  const variables = { self, oldSelf: optional ? { kind: 'optional' as const, of: self } : self }
  ;(optional ? withOptional : withPlain).set(schema, variables)
  return variables
}

// All rules of a schema share one set of types.
const withPlain = new WeakMap<Schema, TypedVariables>()
const withOptional = new WeakMap<Schema, TypedVariables>()
