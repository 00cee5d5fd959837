import { jsonEqual } from '#shared/kube/json.ts'

/** A structural schema of a custom resource: JSONSchemaProps of apiextensions/v1. */
export interface Schema {
  type?: string
  format?: string
  title?: string
  description?: string
  default?: unknown
  nullable?: boolean
  properties?: Readonly<Record<string, Schema>>
  additionalProperties?: Schema | boolean
  items?: Schema
  required?: readonly string[]
  enum?: readonly unknown[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minProperties?: number
  maxProperties?: number
  allOf?: readonly Schema[]
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  not?: Schema
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: readonly string[]
  'x-kubernetes-map-type'?: string
  'x-kubernetes-validations'?: readonly Rule[]
}

/** A CEL validation rule (`x-kubernetes-validations`). */
export interface Rule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

export type Fields = Record<string, unknown>

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isObjectSchema = (value: Schema | boolean | undefined): value is Schema => typeof value === 'object'

/** Returns the schema of a property: its own or `additionalProperties`. */
export function propertySchema(schema: Schema, name: string): Schema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, name)) return schema.properties[name]
  return isObjectSchema(schema.additionalProperties) ? schema.additionalProperties : undefined
}

/** Returns `spec.a`, `spec.map[key]` for an undeclared property, or `a` at the root. */
export function childPath(path: string, schema: Schema, name: string): string {
  const declared = schema.properties !== undefined && Object.hasOwn(schema.properties, name)
  if (!declared && isObjectSchema(schema.additionalProperties)) return `${path}[${name}]`
  return path === '' ? name : `${path}.${name}`
}

/** Returns the previous value of a list item: items of map lists correlate by their keys, other items have none. */
export function itemBefore(item: unknown, old: unknown, schema: Schema): unknown {
  const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : []
  if (keys.length === 0 || !Array.isArray(old) || !isFields(item)) return undefined
  return old.find((one) => isFields(one) && keys.every((key) => jsonEqual(one[key], item[key])))
}
