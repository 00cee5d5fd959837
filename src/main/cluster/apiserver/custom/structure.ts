import { goRegex } from '#shared/base/go-regex.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { compile } from '../cel/compile.ts'
import { checkTypes, dyn, type TypedVariables } from '../cel/types.ts'
import { celTypeOf } from './cel-types.ts'
import { variablesOf } from './rules.ts'
import { isObjectSchema, type Rule, type Schema } from '../schema/structural.ts'
import { validateValue } from './validate.ts'

/** Checks that a schema is structural, as apiextensions/v1 requires; findings have the path of each error. */
export function checkStructure(schema: Schema, field: string, errors: FieldError[]): void {
  if (schema.type !== 'object')
    errors.push(
      schema.type
        ? fieldInvalid(`${field}.type`, schema.type, 'must be object at the root')
        : fieldRequired(`${field}.type`, 'must not be empty at the root'),
    )
  checkNode(schema, field, errors, true)
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

function checkNode(schema: Schema, field: string, errors: FieldError[], root = false): void {
  checkType(schema, field, errors, root)
  for (const keyword of [
    '$ref',
    'definitions',
    'dependencies',
    'patternProperties',
    'additionalItems',
    '$schema',
    'id',
  ])
    if (keyword in schema) errors.push(fieldForbidden(`${field}.${keyword}`, 'must be undefined to be structural'))
  if (schema.uniqueItems)
    errors.push(
      fieldForbidden(
        `${field}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  if (schema.properties && isObjectSchema(schema.additionalProperties))
    errors.push(
      fieldForbidden(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
  if (schema.additionalProperties === false)
    errors.push(fieldForbidden(`${field}.additionalProperties`, 'additionalProperties cannot be set to false'))
  checkPattern(schema, field, errors)
  checkList(schema, field, errors)
  checkDefault(schema, field, errors, root)
  schema['x-kubernetes-validations']?.forEach((rule, i) =>
    checkRuleText(rule, { schema, isResource: root }, `${field}.x-kubernetes-validations[${i}]`, errors),
  )
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (root && name === 'metadata') checkMetadata(child, `${field}.properties[metadata]`, errors)
    else checkNode(child, `${field}.properties[${name}]`, errors)
  }
  if (isObjectSchema(schema.additionalProperties))
    checkNode(schema.additionalProperties, `${field}.additionalProperties`, errors)
  if (schema.items) checkNode(schema.items, `${field}.items`, errors)
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const)
    schema[junctor]?.forEach((one, i) => checkValueOnly(one, `${field}.${junctor}[${i}]`, errors))
  if (schema.not) checkValueOnly(schema.not, `${field}.not`, errors)
}

function checkType(schema: Schema, field: string, errors: FieldError[], root: boolean): void {
  const { type } = schema
  const free = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (!type && !free && !root)
    errors.push(fieldRequired(`${field}.type`, 'must not be empty for specified object fields'))
  if (type && !types.includes(type)) errors.push(fieldNotSupported(`${field}.type`, type, types))
  if (schema['x-kubernetes-int-or-string'] && type)
    errors.push(fieldForbidden(`${field}.type`, 'must be empty if x-kubernetes-int-or-string is true'))
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object')
    errors.push(fieldInvalid(`${field}.type`, type ?? '', 'must be object if x-kubernetes-embedded-resource is true'))
  if (type === 'array' && !schema.items) errors.push(fieldRequired(`${field}.items`, 'must be specified'))
}

function checkPattern({ pattern }: Schema, field: string, errors: FieldError[]): void {
  if (pattern === undefined) return
  try {
    goRegex(pattern)
  } catch (error) {
    errors.push(
      fieldInvalid(`${field}.pattern`, pattern, `must be a valid regular expression, but isn't: ${messageOf(error)}`),
    )
  }
}

function checkList(schema: Schema, field: string, errors: FieldError[]): void {
  const type = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys']
  if (type !== undefined && !['atomic', 'map', 'set'].includes(type))
    errors.push(fieldNotSupported(`${field}.x-kubernetes-list-type`, type, ['atomic', 'map', 'set']))
  if (type !== undefined && schema.type !== 'array')
    errors.push(
      fieldInvalid(`${field}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'),
    )
  if (type === 'map') {
    if (!keys?.length)
      errors.push(
        fieldRequired(`${field}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
      )
    keys?.forEach((key, i) => {
      if (!schema.items?.properties?.[key])
        errors.push(
          fieldInvalid(
            `${field}.x-kubernetes-list-map-keys[${i}]`,
            key,
            'entries must all be names of item properties',
          ),
        )
      else if (!schema.items.required?.includes(key) && schema.items.properties[key]?.default === undefined)
        errors.push(
          fieldRequired(
            `${field}.items.properties[${key}].default`,
            'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
          ),
        )
    })
  } else if (keys?.length)
    errors.push(
      fieldInvalid(
        `${field}.x-kubernetes-list-type`,
        type ?? '',
        'must be map if x-kubernetes-list-map-keys is non-empty',
      ),
    )
  const map = schema['x-kubernetes-map-type']
  if (map !== undefined && !['atomic', 'granular'].includes(map))
    errors.push(fieldNotSupported(`${field}.x-kubernetes-map-type`, map, ['atomic', 'granular']))
}

function checkDefault(schema: Schema, field: string, errors: FieldError[], root: boolean): void {
  if (schema.default === undefined) return
  if (root) errors.push(fieldForbidden(`${field}.default`, 'must not be set at the root'))
  for (const error of validateValue(schema.default, schema, `${field}.default`)) errors.push(error)
}

/** For metadata a schema may only describe name and generateName. */
function checkMetadata(schema: Schema, field: string, errors: FieldError[]): void {
  for (const name of Object.keys(schema.properties ?? {}))
    if (name !== 'name' && name !== 'generateName')
      errors.push(
        fieldForbidden(
          `${field}.properties[${name}]`,
          'must not specify anything other than name and generateName, but metadata is implicitly specified',
        ),
      )
}

/** Schemas under allOf, anyOf, oneOf and not may restrict values, but not declare types or structure. */
function checkValueOnly(schema: Schema, field: string, errors: FieldError[]): void {
  const forbidden = [
    'type',
    'default',
    'nullable',
    'title',
    'description',
    'additionalProperties',
    'x-kubernetes-embedded-resource',
    'x-kubernetes-preserve-unknown-fields',
  ] as const
  for (const keyword of forbidden) {
    const value = schema[keyword]
    if (value !== undefined && value !== false && value !== '' && !(keyword === 'type' && isIntOrString(schema)))
      errors.push(fieldForbidden(`${field}.${keyword}`, 'must be undefined to be structural'))
  }
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkValueOnly(child, `${field}.properties[${name}]`, errors)
  if (schema.items) checkValueOnly(schema.items, `${field}.items`, errors)
}

/** `anyOf: [{type: integer}, {type: string}]` is the only place there that may have types. */
const isIntOrString = ({ type }: Schema): boolean => type === 'integer' || type === 'string'

/** The schema node that rules access as `self`. */
interface Subject {
  schema: Schema
  isResource: boolean
}

function checkRuleText(rule: Partial<Rule>, subject: Subject, field: string, errors: FieldError[]): void {
  if (!rule.rule?.trim()) {
    errors.push(fieldRequired(`${field}.rule`, 'rule is not specified'))
    return
  }
  const check = (name: 'rule' | 'messageExpression', expression: string, result: 'bool' | 'string'): void => {
    const problem = problemOf(expression, rule, subject, result, name)
    if (problem !== undefined) errors.push(fieldInvalid(`${field}.${name}`, expression, problem))
  }
  check('rule', rule.rule, 'bool')
  if (rule.messageExpression !== undefined) check('messageExpression', rule.messageExpression, 'string')
  if (rule.message?.includes('\n'))
    errors.push(fieldInvalid(`${field}.message`, rule.message, 'message must not contain line breaks'))
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
