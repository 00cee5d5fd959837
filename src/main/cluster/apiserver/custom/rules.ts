import { messageOf } from '#shared/kube/error-kinds.ts'
import { fieldForbidden, fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { compile, type Variables } from '../cel/compile.ts'
import { toCel, toOptional, type NumberHints } from '../cel/values.ts'
import { childPath, isFields, isObjectSchema, itemBefore, propertySchema, type Rule, type Schema } from './schema.ts'

const plainVariables = { self: 'dyn', oldSelf: 'dyn' } as const
const optionalVariables = { self: 'dyn', oldSelf: 'optional<dyn>' } as const

/** What a rule may speak of. */
export const variablesOf = ({ optionalOldSelf }: Pick<Rule, 'optionalOldSelf'>): Variables =>
  optionalOldSelf ? optionalVariables : plainVariables

/** Whether a rule speaks of the state before: it holds for changes alone then. */
export const isTransition = ({ rule }: Rule): boolean => /\boldSelf\b/.test(rule)

const withRules = new WeakMap<Schema, boolean>()

/** Whether there is a rule in the schema or beneath it. */
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

/** What of a value the rules of its schema do not allow; `old` is what was in its place, undefined if nothing was. */
export function checkRules(value: unknown, old: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (!hasRules(schema) || value === null || value === undefined) return
  for (const rule of schema['x-kubernetes-validations'] ?? []) checkRule(rule, value, old, schema, path, errors)
  const { items } = schema
  if (Array.isArray(value)) {
    if (items)
      value.forEach((item, i) => checkRules(item, itemBefore(item, old, schema), items, `${path}[${i}]`, errors))
  } else if (isFields(value))
    for (const [name, item] of Object.entries(value)) {
      const child = propertySchema(schema, name)
      if (child) checkRules(item, isFields(old) ? old[name] : undefined, child, childPath(path, schema, name), errors)
    }
}

function checkRule(rule: Rule, value: unknown, old: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const ofChanges = isTransition(rule)
  if (ofChanges && old === undefined && !rule.optionalOldSelf) return
  // What has not changed is not looked at again, as with the rest of the schema.
  if (!ofChanges && old !== undefined && jsonEqual(value, old)) return
  const hints = hintsOf(schema)
  const self = toCel(value, hints)
  // `oldSelf.hasValue()`, `oldSelf.orValue(0)` …, where the rule asks for it.
  const oldSelf = rule.optionalOldSelf ? toOptional(old, hints) : old === undefined ? null : toCel(old, hints)
  try {
    if (compile(rule.rule, variablesOf(rule), 'bool').evaluate({ self, oldSelf }) === true) return
  } catch (error) {
    errors.push(fieldInvalid(path, schema.type ?? 'object', `${ruleName(rule)}: ${firstLine(error)}`))
    return
  }
  errors.push(failureOf(rule, messageFor(rule, { self, oldSelf }), schema, path))
}

const ruleName = ({ rule }: Rule): string => `rule evaluation error of ${JSON.stringify(rule)}`
const firstLine = (error: unknown): string =>
  messageOf(error)
    .split('\n')[0]
    ?.replace(/^No such key/, 'no such key') ?? ''

function messageFor(rule: Rule, bindings: Record<string, unknown>): string {
  const { message, messageExpression } = rule
  const plain = message?.trim() || `failed rule: ${rule.rule.trim()}`
  if (!messageExpression) return plain
  try {
    const text = compile(messageExpression, variablesOf(rule), 'string').evaluate(bindings)
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

const hints = new WeakMap<Schema, NumberHints>()

/** What CEL has to know of a schema: which numbers are doubles. */
function hintsOf(schema: Schema): NumberHints {
  let known = hints.get(schema)
  if (!known) {
    known = {
      isDouble: schema.type === 'number',
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
