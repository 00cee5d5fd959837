import { goRegex } from '#shared/base/go-regex.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { isDefault, unknownFieldsOf } from '../schema/prune.ts'
import { isObjectSchema, type Schema } from '../schema/structural.ts'
import { checkRules } from './rules.ts'
import { checkSchema } from './schema-check.ts'
import { goFieldsOf, goSchema } from './schema-value.ts'
import { validateValue } from './validate.ts'

/**
 * Checks a schema as apiextensions/v1 requires it: valid, structural, with valid defaults. Findings have the path of each error.
 * @param hasStatus whether the status is a subresource, which has a schema of its own below the root
 */
export function checkStructure(schema: Schema, field: string, errors: FieldError[], { hasStatus = false } = {}): void {
  if (hasStatus) checkRootFields(schema, field, errors)
  if (schema.nullable) errors.push(fieldForbidden(`${field}.nullable`, 'nullable cannot be true at the root'))
  const structural: FieldError[] = []
  checkNode(schema, 'root', field, structural)
  checkComplete(schema, field, structural)
  const isStructural = structural.length === 0
  if (isStructural) checkDefaults(schema, field, structural)
  errors.push(...structural)
  checkSchema(schema, field, errors, { withRules: isStructural })
}

const rootFields =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'
const allowedAtRoot = new Set(rootFields.split(' '))

/** With a status subresource, the schemas of spec and status are cut out of the root's, which may say no more. */
function checkRootFields(schema: Schema, field: string, errors: FieldError[]): void {
  for (const name of goFieldsOf(schema)) {
    if (name === 'Type' && schema.type !== 'object') {
      errors.push(
        fieldInvalid(
          `${field}.type`,
          schema.type ?? '',
          'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
        ),
      )
      return
    }
    if (allowedAtRoot.has(name)) continue
    errors.push(
      fieldInvalid(
        field,
        goSchema(schema),
        `only [${rootFields}] fields are allowed at the root of the schema if the status subresource is enabled`,
      ),
    )
    return
  }
}

type Level = 'root' | 'field' | 'item'

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** Validates the structure: types everywhere, and nothing in value validations that declares any. */
function checkNode(schema: Schema, level: Level, field: string, errors: FieldError[]): void {
  const { items, properties = {}, additionalProperties } = schema
  if (items) checkNode(items, 'item', `${field}.items`, errors)
  for (const [name, child] of Object.entries(properties))
    checkNode(child, 'field', `${field}.properties[${name}]`, errors)
  if (additionalProperties !== undefined) {
    if (level === 'root') errors.push(fieldForbidden(`${field}.additionalProperties`, 'must not be used at the root'))
    if (isObjectSchema(additionalProperties))
      checkNode(additionalProperties, 'field', `${field}.additionalProperties`, errors)
  }
  checkExtensions(schema, field, errors)
  checkValues(schema, field, errors, { typedAnyOf: isTypedAnyOf(schema) })
  checkType(schema, level, field, errors)
  if (level === 'root' || schema['x-kubernetes-embedded-resource']) checkObjectFields(schema, level, field, errors)
}

function checkExtensions(schema: Schema, field: string, errors: FieldError[]): void {
  if (!schema['x-kubernetes-int-or-string']) return
  for (const keyword of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    if (schema[keyword])
      errors.push(fieldInvalid(`${field}.${keyword}`, true, 'must be false if x-kubernetes-int-or-string is true'))
}

function checkType(schema: Schema, level: Level, field: string, errors: FieldError[]): void {
  const { type } = schema
  const free = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type ? fieldInvalid(`${field}.type`, type, detail) : fieldRequired(`${field}.type`, detail))
  } else if (!type && !free) errors.push(fieldRequired(`${field}.type`, emptyType[level]))
  if (level === 'root' && type && type !== 'object')
    errors.push(fieldInvalid(`${field}.type`, type, 'must be object at the root'))
  if (type === 'array' && !schema.items) errors.push(fieldRequired(`${field}.items`, 'must be specified'))
}

/** Validates the fields that every object has: apiVersion, kind and metadata. */
function checkObjectFields(schema: Schema, level: Level, field: string, errors: FieldError[]): void {
  if (schema['x-kubernetes-embedded-resource']) {
    if (schema.additionalProperties !== undefined)
      errors.push(
        fieldForbidden(`${field}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'),
      )
    if (!schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(schema.properties ?? {}).length === 0)
      errors.push(
        fieldRequired(
          `${field}.properties`,
          'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
        ),
      )
  }
  for (const name of ['kind', 'apiVersion']) {
    const given = schema.properties?.[name]
    if (given && given.type !== 'string')
      errors.push(fieldInvalid(`${field}.properties[${name}].type`, given.type ?? '', 'must be string'))
  }
  const metadata = schema.properties?.['metadata']
  if (!metadata) return
  const at = `${field}.properties[metadata]`
  if (metadata.type !== 'object') errors.push(fieldInvalid(`${at}.type`, metadata.type ?? '', 'must be object'))
  if (level !== 'root') return
  const { type: _type, default: _default, properties = {}, ...more } = metadata
  const describesMore = Object.keys(properties).some((name) => name !== 'name' && name !== 'generateName')
  if (describesMore || Object.keys(more).some((keyword) => keyword !== 'description' || more.description))
    errors.push(
      fieldForbidden(
        at,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    )
}

/** `anyOf: [{type: integer}, {type: string}]` is the only value validation that may have types. */
function isTypedAnyOf(schema: Schema): boolean {
  return isIntegerOrString(schema.anyOf) || isIntegerOrString(schema.allOf?.[0]?.anyOf)
}

const isIntegerOrString = (anyOf: readonly Schema[] | undefined): boolean =>
  jsonEqual(anyOf, [{ type: 'integer' }, { type: 'string' }])

interface ValueRules {
  /** The first anyOf here, or in the first allOf, has the types of an integer or string. */
  typedAnyOf: boolean
}

function checkValues(schema: Schema, field: string, errors: FieldError[], { typedAnyOf }: ValueRules): void {
  if (!typedAnyOf || !isIntegerOrString(schema.anyOf))
    schema.anyOf?.forEach((one, i) => checkValueOnly(one, `${field}.anyOf[${i}]`, errors))
  schema.allOf?.forEach((one, i) =>
    checkValueOnly(one, `${field}.allOf[${i}]`, errors, { typedAnyOf: typedAnyOf && i === 0 }),
  )
  schema.oneOf?.forEach((one, i) => checkValueOnly(one, `${field}.oneOf[${i}]`, errors))
  if (schema.not) checkValueOnly(schema.not, `${field}.not`, errors)
  if (schema.pattern === undefined) return
  try {
    goRegex(schema.pattern)
  } catch (error) {
    errors.push(
      fieldInvalid(
        `${field}.pattern`,
        schema.pattern,
        `must be a valid regular expression, but isn't: ${messageOf(error)}`,
      ),
    )
  }
}

/** What schemas under allOf, anyOf, oneOf and not do not say, and the words for it. */
const structureOnly = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
] as const

/** Schemas under allOf, anyOf, oneOf and not may restrict values, but not declare types or structure. */
function checkValueOnly(
  schema: Schema,
  field: string,
  errors: FieldError[],
  rules: ValueRules = { typedAnyOf: false },
): void {
  checkValues(schema, field, errors, rules)
  if (schema.items) checkValueOnly(schema.items, `${field}.items`, errors)
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkValueOnly(child, `${field}.properties[${name}]`, errors)
  for (const [keyword, wanted] of structureOnly) {
    const value = schema[keyword]
    if (value === undefined || (wanted !== 'undefined' && isEmpty(value))) continue
    errors.push(fieldForbidden(`${field}.${keyword}`, `must be ${wanted} to be structural`))
  }
  if (schema.properties?.['metadata'])
    errors.push(fieldForbidden(`${field}.properties[metadata]`, 'must not be specified in a nested context'))
}

const isEmpty = (value: unknown): boolean =>
  value === '' || value === false || (Array.isArray(value) && value.length === 0)

/** Every field and item that a value validation speaks of is declared outside of it. */
function checkComplete(schema: Schema, field: string, errors: FieldError[]): void {
  checkDeclared(schema, schema, field, field, errors, false)
  if (schema.items) checkComplete(schema.items, `${field}.items`, errors)
  if (isObjectSchema(schema.additionalProperties))
    checkComplete(schema.additionalProperties, `${field}.additionalProperties`, errors)
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkComplete(child, `${field}.properties[${name}]`, errors)
}

/** @param at path of the declaration @param from path of the value validation */
function checkDeclared(
  validation: Schema,
  declared: Schema | undefined,
  at: string,
  from: string,
  errors: FieldError[],
  nested = true,
): void {
  if (declared === undefined) {
    errors.push(fieldRequired(at, `because it is defined in ${from}`))
    return
  }
  if (validation.not) checkDeclared(validation.not, declared, at, `${from}.not`, errors)
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const)
    validation[junctor]?.forEach((one, i) => checkDeclared(one, declared, at, `${from}.${junctor}[${i}]`, errors))
  if (!nested) return
  if (validation.items) checkDeclared(validation.items, declared.items, `${at}.items`, `${from}.items`, errors)
  for (const [name, child] of Object.entries(validation.properties ?? {}))
    checkDeclared(
      child,
      declared.properties?.[name],
      `${at}.properties[${name}]`,
      `${from}.properties[${name}]`,
      errors,
    )
}

/** Defaults below additionalProperties are not looked at, as in Kubernetes. */
function checkDefaults(schema: Schema, field: string, errors: FieldError[], root = true): void {
  if (isDefault(schema.default)) {
    if (root) errors.push(fieldForbidden(`${field}.default`, 'must not be set at the root'))
    checkDefault(schema, schema.default, `${field}.default`, errors)
  }
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkDefaults(child, `${field}.properties[${name}]`, errors, false)
  if (schema.items) checkDefaults(schema.items, `${field}.items`, errors, false)
}

/** A default is valid, by the rules too, and has no field that would be dropped. */
function checkDefault(schema: Schema, value: unknown, field: string, errors: FieldError[]): void {
  if (unknownFieldsOf(value, schema).length > 0) errors.push(fieldInvalid(field, value, 'must not have unknown fields'))
  // Messages name the place within the default, as they do for an object.
  const found = validateValue(value, schema, '')
  for (const error of found) errors.push({ ...error, field: `${field}${error.field && `.${error.field}`}` })
  if (found.length === 0) checkRules(value, undefined, schema, field, errors)
}
