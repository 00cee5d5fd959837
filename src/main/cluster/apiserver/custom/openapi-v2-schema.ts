import { isFields, type Fields } from '../schema/structural.ts'

/**
 * A published schema as OpenAPI v2 can say it. Clients validate by that document: where it cannot say what is allowed
 * (null, fields that nobody described, alternatives), it must be silent, or they would refuse what the server takes.
 */
export function openApiV2Schema(schema: Fields): Fields {
  if (schema['x-kubernetes-preserve-unknown-fields'] !== true) return simplified(schema)
  // Described fields would make clients complain of all others.
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
    // What may be null need not be there.
    if (Array.isArray(required)) out['required'] = required.filter((name) => !isNullable(properties[String(name)]))
  }
  if (isFields(items)) out['items'] = simplified(items)
  if (isNullable(additionalProperties)) delete out['additionalProperties']
  else if (isFields(additionalProperties)) out['additionalProperties'] = simplified(additionalProperties)
  return out
}

const isNullable = (schema: unknown): boolean => isFields(schema) && schema['nullable'] === true
