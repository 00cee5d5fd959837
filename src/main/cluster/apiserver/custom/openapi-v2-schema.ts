import { isFields, type Fields } from '../schema/structural.ts'

/**
 * Converts a published schema to OpenAPI v2. Clients validate by that document: what it cannot express (null, unknown
 * fields, alternatives) is omitted, as they would otherwise refuse objects that the server accepts.
 */
export function openApiV2Schema(schema: Fields): Fields {
  if (schema['x-kubernetes-preserve-unknown-fields'] !== true) return simplified(schema)
  // With declared fields, clients would report all others as unknown.
  const { description } = schema
  return {
    ...(description === undefined ? {} : { description }),
    type: 'object',
    'x-kubernetes-group-version-kind': schema['x-kubernetes-group-version-kind'],
  }
}

const never = ['anyOf', 'oneOf', 'not', 'nullable']
const shape = ['type', 'items', 'properties', 'additionalProperties', 'required']

function simplified(schema: Fields): Fields {
  const isReference = Array.isArray(schema['allOf']) && isFields(schema['allOf'][0]) && '$ref' in schema['allOf'][0]
  const isOpen = schema['nullable'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  const out: Fields = {}
  for (const [keyword, value] of Object.entries(schema)) {
    if (never.includes(keyword) || (keyword === 'allOf' && !isReference)) continue
    if (isOpen && shape.includes(keyword)) continue
    out[keyword] = value
  }
  const { properties, items, additionalProperties, required } = out
  if (isFields(properties)) {
    out['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, isFields(child) ? simplified(child) : child]),
    )
    // A nullable field is not required: clients may drop a null.
    if (Array.isArray(required)) out['required'] = required.filter((name) => !isNullable(properties[String(name)]))
  }
  if (isFields(items)) out['items'] = simplified(items)
  if (isNullable(additionalProperties)) delete out['additionalProperties']
  else if (isFields(additionalProperties)) out['additionalProperties'] = simplified(additionalProperties)
  return out
}

const isNullable = (schema: unknown): boolean => isFields(schema) && schema['nullable'] === true
