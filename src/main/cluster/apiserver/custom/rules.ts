import { messageOf } from '#shared/base/message-of.ts'
import { fieldForbidden, fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { compile, type Variables } from '../cel/compile.ts'
import { CostBudget, CostLimitExceeded } from '../cel/cost.ts'
import { formatValue } from '../cel/format-values.ts'
import { escapedName } from '../cel/names.ts'
import { toCel, toOptional, type Hints } from '../cel/values.ts'
import {
  childPath,
  isFields,
  isObjectSchema,
  itemBefore,
  propertySchema,
  type Rule,
  type Schema,
} from '../schema/structural.ts'

const plainVariables = { self: 'dyn', oldSelf: 'dyn' } as const
const optionalVariables = { self: 'dyn', oldSelf: 'optional<dyn>' } as const

/** The variables that a rule can access. */
export const variablesOf = ({ optionalOldSelf }: Pick<Rule, 'optionalOldSelf'>): Variables =>
  optionalOldSelf ? optionalVariables : plainVariables

/** Reports whether a rule refers to the previous state: such a rule applies to updates only. */
export const isTransition = ({ rule }: Rule): boolean => /\boldSelf\b/.test(rule)

const withRules = new WeakMap<Schema, boolean>()

/** Reports whether the schema has rules at any level. */
export function hasRules(schema: Schema): boolean {
  let known = withRules.get(schema)
  if (known === undefined) {
    withRules.set(schema, false)
    known =
      (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
      Object.values(schema.properties ?? {}).some(hasRules) ||
      (schema.items !== undefined && hasRules(schema.items)) ||
      (isObjectSchema(schema.additionalProperties) && hasRules(schema.additionalProperties))
    withRules.set(schema, known)
  }
  return known
}

/** Checks a value by the rules of its schema; `old` is the previous value, undefined if there was none. */
export function checkRules(value: unknown, old: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  try {
    checkAll(value, old, schema, path, { errors, budget: new CostBudget() })
  } catch (error) {
    if (!(error instanceof RuleBudgetExhausted)) throw error
  }
}

/** Findings so far, and the cost budget that is left. */
interface Check {
  errors: FieldError[]
  budget: CostBudget
}

/** A rule has exhausted the cost budget of all rules. */
class RuleBudgetExhausted extends Error {}

function checkAll(value: unknown, old: unknown, schema: Schema, path: string, check: Check): void {
  if (!hasRules(schema) || value === null || value === undefined) return
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length > 0) {
    const hints = hintsOf(schema)
    const self = toCel(value, hints)
    for (const rule of rules) checkRule(rule, { value, self, old, hints, schema, path }, check)
  }
  const { items } = schema
  if (Array.isArray(value)) {
    if (items) value.forEach((item, i) => checkAll(item, itemBefore(item, old, schema), items, `${path}[${i}]`, check))
  } else if (isFields(value))
    for (const [name, item] of Object.entries(value)) {
      const child = propertySchema(schema, name)
      if (child) checkAll(item, isFields(old) ? old[name] : undefined, child, childPath(path, schema, name), check)
    }
}

/** The value that a rule applies to, with its schema and path. */
interface Place {
  value: unknown
  /** The value converted for CEL. */
  self: unknown
  old: unknown
  hints: Hints
  schema: Schema
  path: string
}

function checkRule(rule: Rule, { value, self, old, hints, schema, path }: Place, { errors, budget }: Check): void {
  const ofChanges = isTransition(rule)
  if (ofChanges && old === undefined && !rule.optionalOldSelf) return
  // Unchanged values are not checked again (ratcheting), as with the rest of the schema.
  if (!ofChanges && old !== undefined && jsonEqual(value, old)) return
  // With `optionalOldSelf`, rules use `oldSelf.hasValue()`, `oldSelf.orValue(0)` ….
  const oldSelf = rule.optionalOldSelf ? toOptional(old, hints) : old === undefined ? null : toCel(old, hints)
  const bindings = { self, oldSelf }
  try {
    if (compile(rule.rule, variablesOf(rule), 'bool').evaluate(bindings, budget) === true) return
  } catch (error) {
    errors.push(fieldInvalid(path, schema.type ?? 'object', evaluationProblem(rule, error, budget)))
    if (error instanceof CostLimitExceeded) throw new RuleBudgetExhausted()
    return
  }
  errors.push(failureOf(rule, messageFor(rule, bindings, budget), schema, path))
}

function evaluationProblem(rule: Rule, error: unknown, budget: CostBudget): string {
  const what = messageOf(error)
  const which = rule.message?.trim() || rule.rule.trim()
  if (error instanceof CostLimitExceeded)
    return budget.isSpent
      ? what
      : `'${what}': no further validation rules will be run due to call cost exceeds limit for rule: ${which}`
  if (what.startsWith('no such overload'))
    return `'${what}': call arguments did not match a supported operator, function or macro signature for rule: ${which}`
  return `${what} evaluating rule: ${which}`
}

function messageFor(rule: Rule, bindings: Record<string, unknown>, budget: CostBudget): string {
  const { message, messageExpression } = rule
  const plain = message?.trim() || `failed rule: ${rule.rule.trim()}`
  if (!messageExpression) return plain
  try {
    const text = compile(messageExpression, variablesOf(rule), 'string').evaluate(bindings, budget)
    return typeof text === 'string' && text.trim() !== '' ? text : plain
  } catch {
    return plain
  }
}

function failureOf({ reason, fieldPath }: Rule, message: string, schema: Schema, path: string): FieldError {
  const at = fieldPath ? path + (path === '' && fieldPath.startsWith('.') ? fieldPath.slice(1) : fieldPath) : path
  switch (reason) {
    case 'FieldValueForbidden':
      return fieldForbidden(at, message)
    case 'FieldValueRequired':
      return fieldRequired(at, message)
    case 'FieldValueDuplicate':
      return fieldDuplicate(at, schema.type ?? 'object')
    default:
      return fieldInvalid(at, schema.type ?? 'object', message)
  }
}

const hints = new WeakMap<Schema, Hints>()

function unorderedOf(schema: Schema): readonly string[] | undefined {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return []
    case 'map':
      return schema['x-kubernetes-list-map-keys']
    default:
      return undefined
  }
}

/** Type hints that converting a value for CEL takes from a schema: doubles, times, kinds of lists and property names. */
function hintsOf(schema: Schema): Hints {
  let known = hints.get(schema)
  if (!known) {
    known = {
      isDouble: schema.type === 'number',
      ofString: schema.type === 'string' ? formatValue(schema.format) : undefined,
      unordered: unorderedOf(schema),
      nameOf: (name) =>
        schema.properties && Object.hasOwn(schema.properties, name) ? (escapedName(name) ?? name) : name,
      property: (name) => {
        const child = propertySchema(schema, name)
        return child && hintsOf(child)
      },
      items: () => {
        const child =
          schema.items ?? (isObjectSchema(schema.additionalProperties) ? schema.additionalProperties : undefined)
        return child && hintsOf(child)
      },
    }
    hints.set(schema, known)
  }
  return known
}
