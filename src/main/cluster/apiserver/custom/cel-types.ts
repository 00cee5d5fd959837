import { escapedName } from '../cel/names.ts'
import { dyn, named, type CelType } from '../cel/types.ts'
import { isObjectSchema, type Schema } from '../schema/structural.ts'
import { bySchema } from './by-schema.ts'

/** Returns the CEL type of a schema; undefined when the schema has no type, and rules cannot access the value. */
export const celTypeOf = bySchema(build)

function build(schema: Schema, isResource: boolean): CelType | undefined {
  if (schema['x-kubernetes-int-or-string']) return dyn
  switch (schema.type) {
    case 'array': {
      const of = schema.items && celTypeOf(schema.items, schema.items['x-kubernetes-embedded-resource'])
      return of && { kind: 'list', of }
    }
    case 'object':
      return ofObject(schema, isResource)
    case 'string':
      return named(stringFormats.get(schema.format) ?? 'string')
    case 'boolean':
      return named('bool')
    case 'integer':
      return named('int')
    case 'number':
      return named('double')
    default:
      return undefined
  }
}

const stringFormats = new Map<string | undefined, string>([
  ['byte', 'bytes'],
  ['duration', 'google.protobuf.Duration'],
  ['date', 'google.protobuf.Timestamp'],
  ['date-time', 'google.protobuf.Timestamp'],
])

function ofObject(schema: Schema, isResource: boolean): CelType | undefined {
  if (isObjectSchema(schema.additionalProperties)) {
    const of = celTypeOf(schema.additionalProperties, schema.additionalProperties['x-kubernetes-embedded-resource'])
    return of && { kind: 'map', of }
  }
  return {
    kind: 'object',
    fields: () => ({ ...fieldsOf(schema), ...(isResource ? resourceFields : {}) }),
  }
}

function fieldsOf({ properties = {} }: Schema): Record<string, CelType> {
  const fields: Record<string, CelType> = {}
  for (const [name, child] of Object.entries(properties)) {
    const escaped = escapedName(name)
    const type = celTypeOf(child, child['x-kubernetes-embedded-resource'])
    if (escaped !== undefined && type) fields[escaped] = type
  }
  return fields
}

const metadata: CelType = {
  kind: 'object',
  fields: () => ({ name: named('string'), generateName: named('string') }),
}

/** The only fields outside the schema that rules can access. */
const resourceFields: Readonly<Record<string, CelType>> = {
  apiVersion: named('string'),
  kind: named('string'),
  metadata,
}
