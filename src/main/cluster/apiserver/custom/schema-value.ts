import { isObjectSchema, type Rule, type Schema } from '../schema/structural.ts'

/**
 * A schema as Kubernetes prints it in messages: the JSON of its internal JSONSchemaProps, all of whose fields are there, with Go's
 * names and order.
 */
export function goSchema(schema: Schema): Record<string, unknown> {
  const written = schema as Readonly<Record<string, unknown>>
  return Object.fromEntries(fields.map(([goName, name, print]) => [goName, print(written[name])]))
}

/** A rule as Kubernetes prints it in messages. */
export const goRule = ({
  rule = '',
  message,
  messageExpression,
  reason,
  fieldPath,
  optionalOldSelf,
}: Partial<Rule>): Record<string, unknown> => ({
  Rule: rule,
  Message: message ?? '',
  MessageExpression: messageExpression ?? '',
  Reason: reason ?? null,
  FieldPath: fieldPath ?? '',
  OptionalOldSelf: optionalOldSelf ?? null,
})

/** Go's names of the fields of a schema that are set, in Go's order. */
export function goFieldsOf(schema: Schema): string[] {
  const written = schema as Readonly<Record<string, unknown>>
  return fields
    .filter(([, name, print]) => JSON.stringify(print(written[name])) !== JSON.stringify(print(undefined)))
    .map(([goName]) => goName)
}

type Print = (value: unknown) => unknown
type Field = readonly [goName: string, name: string, print: Print]

const text: Print = (value) => value ?? ''
const flag: Print = (value) => value ?? false
const pointer: Print = (value) => value ?? null
const asSchema = (value: unknown): Record<string, unknown> => goSchema(value as Schema)
const oneSchema: Print = (value) => (value === undefined ? null : asSchema(value))
const listOfSchemas: Print = (value) => (Array.isArray(value) ? value.map(asSchema) : null)
const mapOfSchemas: Print = (value) =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, one]) => [name, asSchema(one)]),
      )
    : null
const schemaOrBool: Print = (value) => {
  if (value === undefined) return null
  return isObjectSchema(value as Schema | boolean)
    ? { Allows: true, Schema: asSchema(value) }
    : { Allows: value, Schema: null }
}
const schemaOrList: Print = (value) => {
  if (value === undefined) return null
  return Array.isArray(value)
    ? { Schema: null, JSONSchemas: listOfSchemas(value) }
    : { Schema: asSchema(value), JSONSchemas: null }
}

const fields: readonly Field[] = [
  ['ID', 'id', text],
  ['Schema', '$schema', text],
  ['Ref', '$ref', pointer],
  ['Description', 'description', text],
  ['Type', 'type', text],
  ['Nullable', 'nullable', flag],
  ['Format', 'format', text],
  ['Title', 'title', text],
  ['Default', 'default', pointer],
  ['Maximum', 'maximum', pointer],
  ['ExclusiveMaximum', 'exclusiveMaximum', flag],
  ['Minimum', 'minimum', pointer],
  ['ExclusiveMinimum', 'exclusiveMinimum', flag],
  ['MaxLength', 'maxLength', pointer],
  ['MinLength', 'minLength', pointer],
  ['Pattern', 'pattern', text],
  ['MaxItems', 'maxItems', pointer],
  ['MinItems', 'minItems', pointer],
  ['UniqueItems', 'uniqueItems', flag],
  ['MultipleOf', 'multipleOf', pointer],
  ['Enum', 'enum', pointer],
  ['MaxProperties', 'maxProperties', pointer],
  ['MinProperties', 'minProperties', pointer],
  ['Required', 'required', pointer],
  ['Items', 'items', schemaOrList],
  ['AllOf', 'allOf', listOfSchemas],
  ['OneOf', 'oneOf', listOfSchemas],
  ['AnyOf', 'anyOf', listOfSchemas],
  ['Not', 'not', oneSchema],
  ['Properties', 'properties', mapOfSchemas],
  ['AdditionalProperties', 'additionalProperties', schemaOrBool],
  ['PatternProperties', 'patternProperties', mapOfSchemas],
  ['Dependencies', 'dependencies', pointer],
  ['AdditionalItems', 'additionalItems', schemaOrBool],
  ['Definitions', 'definitions', mapOfSchemas],
  ['ExternalDocs', 'externalDocs', pointer],
  ['Example', 'example', pointer],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', pointer],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', flag],
  ['XIntOrString', 'x-kubernetes-int-or-string', flag],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', pointer],
  ['XListType', 'x-kubernetes-list-type', pointer],
  ['XMapType', 'x-kubernetes-map-type', pointer],
  ['XValidations', 'x-kubernetes-validations', (value) => (Array.isArray(value) ? value.map(goRule) : null)],
]
