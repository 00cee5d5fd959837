import { goRegex } from '#shared/base/go-regex.ts'
import type { ObjectMeta } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  type FieldError,
} from '#shared/kube/status.ts'
import { label1035Problems, pathSegmentProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from '../validation/fields.ts'
import { checkAnnotations, checkLabels } from '../validation/labels.ts'
import { hasFormat } from './formats.ts'
import { childPath, isFields, itemBefore, propertySchema, type Fields, type Schema } from '../schema/structural.ts'

/**
 * Validates a value by its schema, with the messages of Kubernetes' validation of custom resources, in their order. Values
 * unchanged from `old` are accepted: a stricter schema does not block changes to other fields (ratcheting).
 */
export function validateValue(value: unknown, schema: Schema, path: string, old?: unknown): FieldError[] {
  const findings: Findings = { errors: [], ofEmbedded: [], duplicates: [] }
  check(value, schema, path, findings, old)
  return unique([...findings.errors, ...findings.ofEmbedded, ...findings.duplicates])
}

/** Kubernetes looks at embedded resources and at the keys of lists in passes of their own. */
interface Findings {
  readonly errors: FieldError[]
  readonly ofEmbedded: FieldError[]
  readonly duplicates: FieldError[]
}

/** What a schema and one of its alternatives both require is reported once. */
function unique(errors: readonly FieldError[]): FieldError[] {
  const seen = new Set<string>()
  return errors.filter(({ field, message }) => {
    const text = `${field}: ${message}`
    return !seen.has(text) && seen.add(text)
  })
}

/**
 * @returns Kubernetes' count of the checks that the value went through, by which it chooses the alternative of a schema whose
 * errors it reports
 */
function check(value: unknown, schema: Schema, path: string, findings: Findings, old?: unknown): number {
  if (value === null && schema.nullable) return 1
  if (old !== undefined && jsonEqual(value, old)) return 0
  const { errors } = findings
  const isTyped = hasType(value, schema)
  if (!isTyped) errors.push(wrongType(value, schema, path))
  if (value === null) {
    checkEnum(value, schema, path, errors)
    return isTyped ? 1 : 0
  }
  let count = schema.type || schema.format || schema['x-kubernetes-int-or-string'] ? (isTyped ? 2 : 1) : 0
  count += checkCombined(value, schema, path, errors)
  if (typeof value === 'string') count += checkString(value, schema, path, errors)
  else if (typeof value === 'number' || typeof value === 'bigint') count += checkNumber(value, schema, path, errors)
  else if (Array.isArray(value)) count += checkList(value, schema, path, findings, old)
  checkEnum(value, schema, path, errors)
  if (isFields(value)) count += checkFields(value, schema, path, findings, old)
  return count + 2
}

function checkEnum(value: unknown, { enum: values }: Schema, path: string, errors: FieldError[]): void {
  if (!values || values.some((one) => jsonEqual(one, value))) return
  const supported = values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
  errors.push(fieldNotSupported(path, value, supported))
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

/** Length and pattern are looked at until one is wrong. */
function checkString(value: string, schema: Schema, path: string, errors: FieldError[]): number {
  const { minLength, maxLength, pattern, format } = schema
  const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length
  if (maxLength !== undefined && length > maxLength) errors.push(fieldTooLong(path, maxLength))
  else if (minLength !== undefined && length < minLength)
    errors.push(fieldInvalid(path, value, `${path} in body should be at least ${minLength} chars long`))
  else if (pattern !== undefined && !matchesPattern(value, pattern))
    errors.push(fieldInvalid(path, value, `${path} in body should match '${pattern}'`))
  if (format === undefined) return 1
  if (!hasFormat(value, format))
    errors.push(fieldInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`))
  return 2
}

function checkNumber(value: number | bigint, schema: Schema, path: string, errors: FieldError[]): number {
  const { minimum, maximum, multipleOf } = schema
  const invalid = (why: string): void => void errors.push(fieldInvalid(path, value, `${path} in body should be ${why}`))
  checkRange('Checked', value, schema, path, errors)
  checkRange('MultipleOf', multipleOf, schema, path, errors)
  if (multipleOf && !Number.isInteger(Number(value) / multipleOf)) invalid(`a multiple of ${multipleOf}`)
  checkRange('Minimum boundary', minimum, schema, path, errors)
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum && value <= minimum) invalid(`greater than ${minimum}`)
    else if (value < minimum) invalid(`greater than or equal to ${minimum}`)
  }
  checkRange('Maximum boundary', maximum, schema, path, errors)
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum && value >= maximum) invalid(`less than ${maximum}`)
    else if (value > maximum) invalid(`less than or equal to ${maximum}`)
  }
  return 2
}

/** Largest values of number formats; the formats of other types are not validated. */
const largest: Readonly<Record<string, number>> = {
  'integer int32': 2 ** 31 - 1,
  'integer int64': 2 ** 63,
  'number float': (2 - 2 ** -23) * 2 ** 127,
}

/** Values have the range of their format, and so have the bounds that they are compared with: since v1.36, Kubernetes checks both. */
function checkRange(
  what: string,
  value: number | bigint | undefined,
  { type = '', format = '' }: Schema,
  path: string,
  errors: FieldError[],
): void {
  const most = largest[`${type} ${format}`]
  if (value === undefined || most === undefined) return
  const least = type === 'integer' ? -most - 1 : -most
  if (value > most || value < least)
    errors.push(invalidWithin(`${what} value must be of type ${type} with format ${format} in ${path}`))
}

/** A finding that names its place in the text only. */
const invalidWithin = (detail: string): FieldError => fieldInvalid('', '', detail)

function checkList(list: readonly unknown[], schema: Schema, path: string, findings: Findings, old: unknown): number {
  const { items } = schema
  let count = 2
  if (items)
    list.forEach((item, i) => {
      count += check(item, items, `${path}[${i}]`, findings, itemBefore(item, old, schema))
    })
  checkCount(list.length, schema.minItems, schema.maxItems, 'items', path, findings.errors)
  checkKeys(list, schema, path, findings.duplicates)
  return count
}

function checkKeys(list: readonly unknown[], schema: Schema, path: string, errors: FieldError[]): void {
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

/** @returns whether the count is within the limits */
function checkCount(
  count: number,
  least: number | undefined,
  most: number | undefined,
  what: string,
  path: string,
  errors: FieldError[],
): boolean {
  const isShort = least !== undefined && count < least
  const isLong = most !== undefined && count > most
  if (isShort) errors.push(fieldInvalid(path, count, `${path} in body should have at least ${least} ${what}`))
  if (isLong) errors.push(fieldTooMany(path, count, most))
  return !isShort && !isLong
}

function checkFields(fields: Fields, schema: Schema, path: string, findings: Findings, old: unknown): number {
  if (schema['x-kubernetes-embedded-resource']) checkEmbedded(fields, path, findings.ofEmbedded)
  const { errors } = findings
  const { minProperties, maxProperties } = schema
  // Fields of an object that has too few or too many are not looked at.
  if (!checkCount(Object.keys(fields).length, minProperties, maxProperties, 'properties', path, errors)) return 1
  let count = 1
  for (const [name, value] of Object.entries(fields)) {
    const child = propertySchema(schema, name)
    if (child)
      count += check(value, child, childPath(path, schema, name), findings, isFields(old) ? old[name] : undefined)
    else if (schema.additionalProperties === false && !Object.hasOwn(schema.properties ?? {}, name))
      errors.push(fieldInvalid(path, '', `${path}.${name} in body is a forbidden property`))
  }
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(fields, name) || fields[name] === undefined)
      errors.push(fieldRequired(path === '' ? name : `${path}.${name}`))
  return count
}

/** What decoding leaves of the type and metadata of an object within another (apiextensions' objectmeta). */
function checkEmbedded({ apiVersion, kind, metadata }: Fields, path: string, errors: FieldError[]): void {
  if (typeof apiVersion !== 'string' || apiVersion === '')
    errors.push(fieldRequired(`${path}.apiVersion`, 'must not be empty'))
  else if (apiVersion.split('/').length > 2)
    errors.push(fieldInvalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  if (typeof kind !== 'string' || kind === '') errors.push(fieldRequired(`${path}.kind`, 'must not be empty'))
  else {
    const problems = label1035Problems(kind.toLowerCase())
    if (problems.length > 0)
      errors.push(
        fieldInvalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`),
      )
  }
  if (!isFields(metadata)) return
  const { name, labels, annotations } = metadata as ObjectMeta
  if (name) addInvalid(pathSegmentProblems(name), name, `${path}.metadata.name`, errors)
  errors.push(...checkLabels(labels, `${path}.metadata.labels`))
  errors.push(...checkAnnotations(annotations, `${path}.metadata.annotations`))
}

/** One of a schema's alternatives. */
interface Alternative {
  errors: FieldError[]
  count: number
}

const isValid = ({ errors }: Alternative): boolean => errors.length === 0

/** The errors that are reported are those of the alternative with most checks. */
const closest = (alternatives: readonly Alternative[]): Alternative | undefined =>
  alternatives.reduce<Alternative | undefined>((best, one) => (best && best.count >= one.count ? best : one), undefined)

function checkCombined(value: unknown, schema: Schema, path: string, errors: FieldError[]): number {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema
  const alternative = (one: Schema): Alternative => {
    const findings: Findings = { errors: [], ofEmbedded: [], duplicates: [] }
    return { count: check(value, one, path, findings), errors: findings.errors }
  }
  const invalid = (why: string): void => void errors.push(invalidWithin(`${JSON.stringify(path)} must ${why}`))
  let count = 2
  const merge = (one: Alternative | undefined): void => {
    errors.push(...(one?.errors ?? []))
    count += one?.count ?? 0
  }
  if (anyOf.length > 0) {
    const any = anyOf.map(alternative)
    const valid = any.find(isValid)
    if (!valid) invalid('validate at least one schema (anyOf)')
    merge(valid ?? closest(any))
  }
  if (oneOf.length > 0) {
    const one = oneOf.map(alternative)
    const valid = one.filter(isValid)
    if (valid.length === 0) invalid('validate one and only one schema (oneOf). Found none valid')
    if (valid.length > 1) invalid(`validate one and only one schema (oneOf). Found ${valid.length} valid alternatives`)
    else merge(valid[0] ?? closest(one))
  }
  if (allOf.length > 0) {
    const all = allOf.map(alternative)
    all.forEach(merge)
    const valid = all.filter(isValid).length
    if (valid < all.length) invalid(`validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`)
  }
  if (not && isValid(alternative(not))) invalid('not validate the schema (not)')
  return count
}
