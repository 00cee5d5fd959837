import { goRegex } from '#shared/base/go-regex.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  type FieldError,
} from '#shared/kube/status.ts'
import { hasFormat } from './formats.ts'
import { childPath, isFields, itemBefore, propertySchema, type Fields, type Schema } from '../schema/structural.ts'

/**
 * Validates a value by its schema, with the messages of Kubernetes' validation of custom resources. Values unchanged
 * from `old` are accepted: a stricter schema does not block changes to other fields (ratcheting).
 */
export function validateValue(value: unknown, schema: Schema, path: string, old?: unknown): FieldError[] {
  const errors: FieldError[] = []
  check(value, schema, path, errors, old)
  return errors
}

function check(value: unknown, schema: Schema, path: string, errors: FieldError[], old?: unknown): void {
  if (value === null && schema.nullable) return
  if (old !== undefined && jsonEqual(value, old)) return
  if (!hasType(value, schema)) {
    errors.push(wrongType(value, schema, path))
    return
  }
  if (schema.enum && !schema.enum.some((one) => jsonEqual(one, value)))
    errors.push(
      fieldNotSupported(
        path,
        value,
        schema.enum.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
      ),
    )
  if (typeof value === 'string') checkString(value, schema, path, errors)
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, path, errors)
  else if (Array.isArray(value)) checkList(value, schema, path, errors, old)
  else if (isFields(value)) checkFields(value, schema, path, errors, old)
  checkCombined(value, schema, path, errors)
}

function hasType(value: unknown, schema: Schema): boolean {
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || isInteger(value)
  switch (schema.type) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return isInteger(value)
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'boolean':
      return typeof value === 'boolean'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isFields(value)
    default:
      return !schema.type
  }
}

const isInteger = (value: unknown): boolean => Number.isInteger(value) || typeof value === 'bigint'

function wrongType(value: unknown, schema: Schema, path: string): FieldError {
  const found = typeNameOf(value)
  const wanted = schema['x-kubernetes-int-or-string'] ? 'integer,string' : (schema.type ?? '')
  return {
    ...fieldInvalid(path, found, `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`),
    type: 'FieldValueTypeInvalid',
  }
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isInteger(value)) return 'integer'
  return typeof value
}

/** Patterns of older definitions may not be valid Go syntax; those accept any value. */
function matchesPattern(value: string, pattern: string): boolean {
  let regex: ReturnType<typeof goRegex>
  try {
    regex = goRegex(pattern)
  } catch {
    return true
  }
  return regex.test(value)
}

function checkString(value: string, schema: Schema, path: string, errors: FieldError[]): void {
  const { minLength, maxLength, pattern, format } = schema
  const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length
  if (maxLength !== undefined && length > maxLength) errors.push(fieldTooLong(path, maxLength))
  if (minLength !== undefined && length < minLength)
    errors.push(fieldInvalid(path, value, `${path} in body should be at least ${minLength} chars long`))
  if (pattern !== undefined && !matchesPattern(value, pattern))
    errors.push(fieldInvalid(path, value, `${path} in body should match '${pattern}'`))
  if (format !== undefined && !hasFormat(value, format))
    errors.push(fieldInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`))
}

function checkNumber(value: number | bigint, schema: Schema, path: string, errors: FieldError[]): void {
  const { minimum, maximum, multipleOf } = schema
  const invalid = (why: string): void => void errors.push(fieldInvalid(path, value, `${path} in body should be ${why}`))
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum && value >= maximum) invalid(`less than ${maximum}`)
    else if (value > maximum) invalid(`less than or equal to ${maximum}`)
  }
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum && value <= minimum) invalid(`greater than ${minimum}`)
    else if (value < minimum) invalid(`greater than or equal to ${minimum}`)
  }
  if (multipleOf && !Number.isInteger(Number(value) / multipleOf)) invalid(`a multiple of ${multipleOf}`)
  if (schema.format === 'int32' && (value > 2 ** 31 - 1 || value < -(2 ** 31)))
    errors.push(fieldInvalid(path, value, `${path} in body must be of type int32: ${JSON.stringify(String(value))}`))
}

function checkList(list: readonly unknown[], schema: Schema, path: string, errors: FieldError[], old: unknown): void {
  checkCount(list.length, schema.minItems, schema.maxItems, 'items', path, errors)
  const { items } = schema
  if (items) list.forEach((item, i) => check(item, items, `${path}[${i}]`, errors, itemBefore(item, old, schema)))
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  list.forEach((item, i) => {
    const identity =
      type === 'set' ? item : Object.fromEntries(keys.map((key) => [key, isFields(item) ? item[key] : undefined]))
    const text = JSON.stringify(identity)
    if (seen.has(text)) errors.push(fieldDuplicate(`${path}[${i}]`, identity))
    seen.add(text)
  })
}

function checkCount(
  count: number,
  least: number | undefined,
  most: number | undefined,
  what: string,
  path: string,
  errors: FieldError[],
): void {
  if (most !== undefined && count > most)
    errors.push({
      type: 'FieldValueTooMany',
      field: path,
      message: `Too many: ${count}: must have at most ${most} items`,
    })
  if (least !== undefined && count < least)
    errors.push(fieldInvalid(path, count, `${path} in body should have at least ${least} ${what}`))
}

function checkFields(fields: Fields, schema: Schema, path: string, errors: FieldError[], old: unknown): void {
  checkCount(Object.keys(fields).length, schema.minProperties, schema.maxProperties, 'properties', path, errors)
  for (const name of schema.required ?? [])
    if (fields[name] === undefined) errors.push(fieldRequired(path === '' ? name : `${path}.${name}`))
  for (const [name, value] of Object.entries(fields)) {
    const child = propertySchema(schema, name)
    if (child) check(value, child, childPath(path, schema, name), errors, isFields(old) ? old[name] : undefined)
    else if (schema.additionalProperties === false && !schema.properties?.[name])
      errors.push(fieldInvalid(path, '', `${path}.${name} in body is a forbidden property`))
  }
  if (schema['x-kubernetes-embedded-resource']) checkEmbedded(fields, path, errors)
}

function checkEmbedded({ apiVersion, kind }: Fields, path: string, errors: FieldError[]): void {
  if (typeof apiVersion !== 'string' || apiVersion === '')
    errors.push(fieldRequired(`${path}.apiVersion`, 'must not be empty'))
  if (typeof kind !== 'string' || kind === '') errors.push(fieldRequired(`${path}.kind`, 'must not be empty'))
}

function checkCombined(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const fits = (one: Schema): boolean => validateValue(value, one, path).length === 0
  const invalid = (why: string): void => void errors.push(fieldInvalid(path, '', `${JSON.stringify(path)} must ${why}`))
  for (const one of schema.allOf ?? []) for (const error of validateValue(value, one, path)) errors.push(error)
  if (schema.anyOf && !schema.anyOf.some(fits)) invalid('validate at least one schema (anyOf)')
  if (schema.oneOf && schema.oneOf.filter(fits).length !== 1) invalid('validate one and only one schema (oneOf)')
  if (schema.not && fits(schema.not)) invalid('not validate the schema (not)')
}
