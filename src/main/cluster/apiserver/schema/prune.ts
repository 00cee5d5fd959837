import { jsonClone } from '#shared/kube/json.ts'
import { isFields, isObjectSchema, propertySchema, type Fields, type Schema } from './structural.ts'

/** Fields that are kept at the root of objects and embedded objects, whatever the schema declares. */
const typeMeta = new Set(['apiVersion', 'kind', 'metadata'])

export interface Pruned {
  /** Paths of the dropped fields. */
  unknownFields: string[]
  /** Metadata of embedded objects, by path; left to the caller. */
  embeddedMetadata: { path: string; metadata: Fields }[]
  /** Types of embedded objects that are no texts, by path. */
  embeddedTypes: { path: string; value: unknown }[]
  /** How many keys were seen, dropped ones included: more keys in the text mean duplicates. */
  keys: number
}

/** Drops unknown fields in place. `metadata` is left to the caller. */
export function prune(object: Fields, schema: Schema): Pruned {
  const pruned: Pruned = { unknownFields: [], embeddedMetadata: [], embeddedTypes: [], keys: 0 }
  pruneStruct(object, schema, '', pruned, true)
  return pruned
}

/** Paths of the fields of a value that pruning by its schema would drop. */
export function unknownFieldsOf(value: unknown, schema: Schema): string[] {
  const pruned: Pruned = { unknownFields: [], embeddedMetadata: [], embeddedTypes: [], keys: 0 }
  pruneValue(jsonClone(value), schema, '', pruned)
  return pruned.unknownFields
}

function pruneValue(value: unknown, schema: Schema | undefined, path: string, pruned: Pruned): void {
  if (Array.isArray(value)) value.forEach((item, i) => pruneValue(item, schema?.items, `${path}[${i}]`, pruned))
  else if (isFields(value))
    pruneStruct(value, schema, path, pruned, schema?.['x-kubernetes-embedded-resource'] === true)
}

function pruneStruct(
  object: Fields,
  schema: Schema | undefined,
  path: string,
  pruned: Pruned,
  isResource: boolean,
): void {
  const open =
    schema === undefined ||
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema.additionalProperties === true
  for (const name of Object.keys(object)) {
    pruned.keys++
    const here = path === '' ? name : `${path}.${name}`
    if (isResource && typeMeta.has(name)) {
      const value = object[name]
      countKeys(value, pruned)
      if (path === '') continue
      if (name !== 'metadata' && typeof value !== 'string') pruned.embeddedTypes.push({ path: here, value })
      if (name === 'metadata' && isFields(value)) pruned.embeddedMetadata.push({ path: here, metadata: value })
      continue
    }
    const child = schema && propertySchema(schema, name)
    if (child) pruneValue(object[name], child, here, pruned)
    else {
      countKeys(object[name], pruned)
      if (open && name !== '__proto__') continue
      pruned.unknownFields.push(here)
      delete object[name]
    }
  }
}

function countKeys(value: unknown, pruned: Pruned): void {
  if (Array.isArray(value)) for (const item of value) countKeys(item, pruned)
  else if (isFields(value))
    for (const name of Object.keys(value)) {
      pruned.keys++
      countKeys(value[name], pruned)
    }
}

/** `default: null` is none. */
export const isDefault = (value: unknown): boolean => value !== undefined && value !== null

/** Sets defaults of absent fields in place; null in a field or a map's value that is not nullable counts as absent. */
export function fillDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) fillDefaults(item, schema.items)
    return
  }
  if (!isFields(value)) return
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const present = value[name]
    if (present === null && !child.nullable) delete value[name]
    if (value[name] === undefined && isDefault(child.default)) value[name] = jsonClone(child.default)
    if (value[name] !== undefined) fillDefaults(value[name], child)
  }
  if (isObjectSchema(schema.additionalProperties))
    for (const name of Object.keys(value))
      if (!schema.properties || !Object.hasOwn(schema.properties, name)) {
        if (value[name] === null && !schema.additionalProperties.nullable) delete value[name]
        else fillDefaults(value[name], schema.additionalProperties)
      }
}
