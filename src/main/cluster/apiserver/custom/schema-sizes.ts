import type { Kind, SizedType } from '../cel/sizes.ts'
import { escapedName } from '../cel/names.ts'
import { isObjectSchema, type Schema } from '../schema/structural.ts'
import { bySchema } from './by-schema.ts'

/**
 * The type of a schema's values with their largest sizes, from which the worst-case cost of rules is estimated. What the schema does
 * not limit is limited by the largest request.
 * @returns undefined for what rules cannot access
 */
export const sizedTypeOf = bySchema(build)

/** In bytes. */
export const largestRequest = 3 * 1024 * 1024
/** A request less the quotes or brackets around a value. */
const largestValue = largestRequest - 2
/** Bytes that a character of `maxLength` may have. */
const bytesPerCharacter = 4

function build(schema: Schema, isResource: boolean): SizedType | undefined {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'dyn', max: longestString(schema), shortest: 1 }
  switch (schema.type) {
    case 'array':
      return ofArray(schema)
    case 'object':
      return isObjectSchema(schema.additionalProperties)
        ? ofMap(schema, schema.additionalProperties)
        : ofObject(schema, isResource)
    case 'string':
      return ofString(schema)
    case 'boolean':
      return { kind: 'bool', max: 0, shortest: 4 }
    case 'integer':
      return { kind: 'int', max: 0, shortest: 1 }
    case 'number':
      return { kind: 'double', max: 0, shortest: 1 }
    default:
      return undefined
  }
}

function ofArray({ items, maxItems }: Schema): SizedType | undefined {
  const of = items && sizedTypeOf(items, items['x-kubernetes-embedded-resource'])
  if (!of) return undefined
  // Items are separated by commas.
  const max = maxItems === undefined ? Math.floor(largestValue / (of.shortest + 1)) : Math.max(0, maxItems)
  return { kind: 'list', of, max, shortest: 2 }
}

function ofMap({ maxProperties }: Schema, entries: Schema): SizedType | undefined {
  const of = sizedTypeOf(entries, entries['x-kubernetes-embedded-resource'])
  if (!of) return undefined
  // An entry has a key in quotes, a colon and a comma besides its value.
  const max = maxProperties === undefined ? Math.floor(largestValue / (of.shortest + 6)) : Math.max(0, maxProperties)
  return { kind: 'map', of, max, shortest: 2 }
}

function ofObject(schema: Schema, isResource: boolean): SizedType {
  const properties = isResource ? withResourceFields(schema.properties ?? {}) : (schema.properties ?? {})
  const fields: Record<string, SizedType> = {}
  let shortest = 2
  for (const [name, child] of Object.entries(properties)) {
    const type = sizedTypeOf(child, child['x-kubernetes-embedded-resource'])
    if (!type) continue
    const escaped = escapedName(name)
    if (escaped !== undefined) fields[escaped] = type
    // Absent fields with a default are filled in by the server.
    if (schema.required?.includes(name) && (child.default === undefined || child.default === null))
      shortest += name.length + type.shortest + 4
  }
  return { kind: 'object', fields, max: 0, shortest }
}

const text: Schema = { type: 'string' }
const resourceFields = {
  apiVersion: text,
  kind: text,
  metadata: { type: 'object', properties: { name: text, generateName: text } },
}

/** Every object has the fields that rules may access besides its schema's. */
function withResourceFields(properties: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> {
  const { kind, apiVersion, metadata } = properties
  const { name, generateName } = metadata?.properties ?? {}
  const isComplete = [kind, apiVersion, name, generateName].every((field) => field?.type === 'string')
  return isComplete && metadata?.type === 'object' ? properties : { ...properties, ...resourceFields }
}

/** Lengths of a format's values in JSON. */
const formats = new Map<string | undefined, { kind: Kind; max: number; shortest: number }>([
  ['duration', { kind: 'duration', max: 32, shortest: 3 }],
  ['date', { kind: 'timestamp', max: 12, shortest: 12 }],
  ['date-time', { kind: 'timestamp', max: 32, shortest: 21 }],
])

function ofString(schema: Schema): SizedType {
  const format = formats.get(schema.format)
  if (format) return format
  if (schema.format === 'byte')
    return { kind: 'bytes', max: Math.max(0, schema.maxLength ?? largestValue), shortest: 2 }
  return { kind: 'string', max: longestString(schema), shortest: 2 }
}

function longestString({ maxLength, enum: values, ...schema }: Schema): number {
  if (maxLength !== undefined) return Math.max(0, maxLength) * bytesPerCharacter
  if (!values?.length || schema['x-kubernetes-int-or-string']) return largestValue
  return Math.max(0, ...values.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)))
}
