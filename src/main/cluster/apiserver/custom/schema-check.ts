import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { isObjectSchema, type Schema } from '../schema/structural.ts'
import { checkRuleExpressions, checkRuleTexts } from './rule-check.ts'
import { cardinalityWithin, RuleCosts, type Cardinality } from './rule-costs.ts'

/** Where a schema stands. */
interface Place {
  /** The schema of the whole object. */
  root?: true
  /** Why no default may be set here: `in top-level metadata`. */
  withoutDefaults?: string
  /** Within the metadata of an object. */
  inMetadata?: true
  /** Rules in allOf, anyOf, oneOf and not are none. */
  withoutRules?: true
  uncorrelatable?: string
  cardinality: Cardinality
}

/**
 * Checks what Kubernetes requires of every schema besides its structure: keywords, list and map types, rules. Rules are compiled
 * where everything in and below their schema is valid, since their types come from it.
 */
export function checkSchema(
  root: Schema,
  field: string,
  errors: FieldError[],
  { withRules }: { withRules: boolean },
): void {
  const findings: Findings = { errors: [], ofRules: [], costs: new RuleCosts() }
  const place: Place = { root: true, cardinality: 1 }
  check(root, withRules ? place : { ...place, withoutRules: true }, field, findings)
  errors.push(...findings.errors, ...findings.ofRules)
  findings.costs.checkTotal(field, errors)
}

interface Findings {
  errors: FieldError[]
  ofRules: FieldError[]
  costs: RuleCosts
}

function check(schema: Schema, place: Place, field: string, findings: Findings): void {
  const { errors } = findings
  const before = errors.length
  checkKeywords(schema, place, field, errors)
  checkChildren(schema, place, field, findings)
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(fieldInvalid(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  checkMapType(schema, field, errors)
  checkListType(schema, field, errors)
  checkRuleTexts(schema, field, errors)
  if (errors.length > before || place.withoutRules) return
  const { root = false, uncorrelatable, cardinality } = place
  checkRuleExpressions(
    { schema, isResource: root, uncorrelatable, cardinality },
    field,
    findings.ofRules,
    findings.costs,
  )
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** Keywords that no schema may have. */
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref']

function checkKeywords(
  schema: Schema,
  { withoutDefaults, inMetadata }: Place,
  field: string,
  errors: FieldError[],
): void {
  if (schema.default !== undefined && withoutDefaults !== undefined)
    errors.push(fieldForbidden(`${field}.default`, `must not be set ${withoutDefaults}`))
  for (const keyword of unsupported)
    if (isGiven(keyword, (schema as Readonly<Record<string, unknown>>)[keyword]))
      errors.push(fieldForbidden(`${field}.${keyword}`, `${keyword} is not supported`))
  if (schema.type === 'null')
    errors.push(fieldForbidden(`${field}.type`, 'type cannot be set to null, use nullable as an alternative'))
  else if (schema.type && !types.includes(schema.type))
    errors.push(fieldNotSupported(`${field}.type`, schema.type, types))
  if (Array.isArray(schema.items))
    errors.push(fieldForbidden(`${field}.items`, 'items must be a schema object and not an array'))
  if (inMetadata && schema['x-kubernetes-embedded-resource'])
    errors.push(fieldForbidden(`${field}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'))
  if (schema.uniqueItems)
    errors.push(
      fieldForbidden(
        `${field}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  const { additionalProperties: more, properties = {} } = schema
  if (more !== undefined && more !== true && Object.keys(properties).length > 0)
    errors.push(
      fieldForbidden(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
}

/** An empty map, list or text counts as absent, except where Go looks for nil. */
function isGiven(keyword: string, value: unknown): boolean {
  if (keyword === 'dependencies' || keyword === 'additionalItems' || keyword === '$ref')
    return value !== undefined && value !== null
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value)
}

const metadataFields = ['apiVersion', 'kind', 'metadata']

function checkChildren(schema: Schema, place: Place, field: string, findings: Findings): void {
  const { root: _root, ...above } = place
  const below = { ...above, cardinality: cardinalityWithin(schema, above.cardinality) }
  if (isObjectSchema(schema.additionalProperties))
    check(
      schema.additionalProperties,
      below.inMetadata
        ? { ...below, withoutDefaults: 'inside additionalProperties applying to object metadata' }
        : below,
      `${field}.additionalProperties`,
      findings,
    )
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const isMetadata =
      (place.root || schema['x-kubernetes-embedded-resource'] === true) && metadataFields.includes(name)
    const withoutDefaults = place.root && isMetadata ? { withoutDefaults: `in top-level ${name}` } : {}
    check(
      child,
      isMetadata ? { ...below, inMetadata: true, ...withoutDefaults } : below,
      `${field}.properties[${name}]`,
      findings,
    )
  }
  const ofValues: Place = { ...below, withoutRules: true }
  if (schema.not) check(schema.not, ofValues, `${field}.not`, findings)
  for (const junctor of ['allOf', 'oneOf', 'anyOf'] as const)
    schema[junctor]?.forEach((one, i) => check(one, ofValues, `${field}.${junctor}[${i}]`, findings))
  if (schema.items && !Array.isArray(schema.items))
    check(
      schema.items,
      schema['x-kubernetes-list-type'] === 'map' ? below : { ...below, uncorrelatable: below.uncorrelatable ?? field },
      `${field}.items`,
      findings,
    )
}

/** Validates the type that a keyword needs. */
function checkTypeFor(keyword: string, { type }: Schema, needed: string, field: string, errors: FieldError[]): void {
  const detail = `must be ${needed} if ${keyword} is specified`
  errors.push(type ? fieldInvalid(`${field}.type`, type, detail) : fieldRequired(`${field}.type`, detail))
}

function checkMapType(schema: Schema, field: string, errors: FieldError[]): void {
  const keyword = 'x-kubernetes-map-type'
  const map = schema[keyword]
  if (map === undefined) return
  if (schema.type !== 'object') checkTypeFor(keyword, schema, 'object', field, errors)
  if (!['atomic', 'granular'].includes(map))
    errors.push(fieldNotSupported(`${field}.${keyword}`, map, ['atomic', 'granular']))
}

function checkListType(schema: Schema, field: string, errors: FieldError[]): void {
  const keyword = 'x-kubernetes-list-type'
  const list = schema[keyword]
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (list !== undefined) {
    if (schema.type !== 'array') checkTypeFor(keyword, schema, 'array', field, errors)
    else if (list === 'set') checkSetItems(schema.items, `${field}.items`, errors)
    if (!['atomic', 'map', 'set'].includes(list))
      errors.push(fieldNotSupported(`${field}.${keyword}`, list, ['atomic', 'set', 'map']))
  }
  if (keys.length > 0 && list !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    errors.push(
      list === undefined
        ? fieldRequired(`${field}.${keyword}`, detail)
        : fieldInvalid(`${field}.${keyword}`, list, detail),
    )
  }
  if ((list === 'map' || list === 'set') && schema.items?.nullable)
    errors.push(fieldForbidden(`${field}.items.nullable`, `cannot be nullable when ${keyword} is ${list}`))
  if (list === 'map') checkMapList(schema, keys, field, errors)
}

/** Items of a set are compared as a whole. */
function checkSetItems(items: Schema | undefined, field: string, errors: FieldError[]): void {
  const keyword =
    items?.type === 'array' ? 'x-kubernetes-list-type' : items?.type === 'object' ? 'x-kubernetes-map-type' : undefined
  if (items === undefined || keyword === undefined) return
  const given = items[keyword]
  if (given === 'atomic' || (given === undefined && items.type === 'array')) return
  errors.push(
    fieldInvalid(
      `${field}.${keyword}`,
      given ?? null,
      'must be atomic as item of a list with x-kubernetes-list-type=set',
    ),
  )
}

function checkMapList({ items }: Schema, keys: readonly string[], field: string, errors: FieldError[]): void {
  const at = `${field}.x-kubernetes-list-map-keys`
  if (keys.length === 0) errors.push(fieldRequired(at, 'must not be empty if x-kubernetes-list-type is map'))
  if (!items) {
    errors.push(fieldRequired(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map'))
    return
  }
  if (items.type !== 'object') {
    errors.push(
      fieldInvalid(
        `${field}.items.type`,
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    )
    return
  }
  keys.forEach((key, i) => {
    const type = items.properties?.[key]?.type
    if (items.properties?.[key] === undefined)
      errors.push(fieldInvalid(at, keys, 'entries must all be names of item properties'))
    else if (type === 'array' || type === 'object')
      errors.push(
        fieldInvalid(
          `${field}.items.properties[${key}].type`,
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      )
    if (keys.indexOf(key) < i) errors.push(fieldInvalid(at, keys, 'must not contain duplicate entries'))
  })
  checkKeyDefaults(items, keys, field, errors)
}

/** Every item has all of its keys, given or by default. */
function checkKeyDefaults(items: Schema, keys: readonly string[], field: string, errors: FieldError[]): void {
  for (const key of keys) {
    const property = items.properties?.[key]
    if (property === undefined) continue
    const at = `${field}.items.properties[${key}]`
    if (property.default === undefined && !items.required?.includes(key))
      errors.push(
        fieldRequired(
          `${at}.default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      )
    if (property.nullable)
      errors.push(
        fieldForbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'),
      )
  }
}
