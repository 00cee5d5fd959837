import { isMap, isScalar, isSeq, parseDocument, type Node, type Pair } from 'yaml'
import { kubectlYaml } from '../panels/manifest/documents.ts'
import type { Schema } from '../panels/manifest/schema.ts'

/** What may be set of a chart: its schema, with the defaults and remarks of its values.yaml. */
export interface ValuesSchema {
  root: Schema
  /** Definitions by their names. */
  all: Record<string, Schema>
}

/** @param json text of values.schema.json @param defaults text of values.yaml */
export function valuesSchema(json: string | undefined, defaults: string): ValuesSchema {
  const document = parseDocument(defaults, kubectlYaml)
  const told = document.errors.length > 0 ? {} : schemaOfDefaults(document.contents)
  const given = parsed(json)
  const all: Record<string, Schema> = {}
  if (!given) return { root: withGlobal(told), all }
  for (const definitions of [given.definitions, given.$defs])
    for (const [name, schema] of Object.entries(definitions ?? {})) all[name] = fromJsonSchema(schema)
  return { root: withGlobal(merged(fromJsonSchema(given), told)), all }
}

/** JSON Schema as charts use it, of which YAML's editor knows less. */
interface JsonSchema {
  [key: string]: unknown
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema | JsonSchema[]
  definitions?: Record<string, JsonSchema>
  $defs?: Record<string, JsonSchema>
}

function parsed(json: string | undefined): JsonSchema | undefined {
  try {
    const found = JSON.parse(json ?? 'null') as unknown
    return typeof found === 'object' && found !== null ? (found as JsonSchema) : undefined
  } catch {
    // Helm says so when it renders.
    return undefined
  }
}

/** In JSON Schema all keys are allowed that are not forbidden; in that of Kubernetes, which the editor speaks, none. */
function fromJsonSchema(given: JsonSchema): Schema {
  const { type, properties, additionalProperties, items, definitions: _, $defs: __, ...rest } = given
  const types = (Array.isArray(type) ? type : [type]).filter((each) => each !== undefined && each !== 'null')
  const only = types.length === 1 && !(Array.isArray(type) && type.length > 2) ? types[0] : undefined
  const others = typeof additionalProperties === 'object' ? fromJsonSchema(additionalProperties) : true
  return {
    ...(rest as Schema),
    ...(only === undefined ? {} : { type: only }),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, fromJsonSchema(each)])) }
      : {}),
    ...(additionalProperties === false ? {} : { additionalProperties: others }),
    ...(items && !Array.isArray(items) ? { items: fromJsonSchema(items) } : {}),
  }
}

/** What the defaults tell: keys, their values and the remarks above them. Nothing is forbidden by it. */
function schemaOfDefaults(node: Node | null): Schema {
  if (isMap(node)) {
    const properties = node.items.flatMap((pair, at) => {
      if (!isScalar(pair.key)) return []
      const remark = remarkOf(pair, at === 0 ? node.commentBefore : undefined)
      const own = schemaOfDefaults(pair.value as Node | null)
      return [[String(pair.key.value), { ...own, ...(remark ? { description: remark } : {}) }] as const]
    })
    return { properties: Object.fromEntries(properties), additionalProperties: true }
  }
  if (isSeq(node)) return {}
  return isScalar(node) && node.value !== null ? { default: node.value } : {}
}

/** The remark above a key; that above the first of a map is the map's for the parser. */
function remarkOf({ key }: Pair, ofMap: string | null | undefined): string {
  const text = (isScalar(key) ? key.commentBefore : undefined) ?? ofMap ?? ''
  return (text.split(/\n\s*\n/).at(-1) ?? '')
    .split('\n')
    .map((line) => line.replace(/^\s*(?:--)?\s?/, ''))
    .join(' ')
    .trim()
}

/** A schema with what the defaults add to it; what has a default need not be set. */
function merged(schema: Schema, told: Schema): Schema {
  const isClosed = schema.additionalProperties === undefined && schema.properties !== undefined
  const names = Object.keys({ ...(isClosed ? {} : told.properties), ...schema.properties })
  const property = (name: string): Schema => {
    const [own, other] = [schema.properties?.[name], told.properties?.[name]]
    if (!own || !other) return own ?? other ?? {}
    return own.$ref ? { ...own, description: own.description ?? other.description } : merged(own, other)
  }
  const description = schema.description ?? told.description
  const preset: unknown = schema.default ?? told.default
  return {
    ...schema,
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    ...(schema.required ? { required: schema.required.filter((name) => !(name in (told.properties ?? {}))) } : {}),
    ...(names.length > 0 ? { properties: Object.fromEntries(names.map((name) => [name, property(name)])) } : {}),
  }
}

/** Every chart takes `global`. */
const withGlobal = (root: Schema): Schema => ({
  ...root,
  properties: { ...root.properties, global: root.properties?.global ?? {} },
})
