/**
 * The information about a type that decoding, strategic merge and server-side apply need, compiled once from its
 * OpenAPI schema. Children resolve lazily, because types may be recursive (JSONSchemaProps).
 */
export interface TypeNode {
  readonly kind: 'struct' | 'map' | 'list' | 'scalar' | 'any'
  /** Type of a scalar. */
  readonly scalar?: ScalarType
  /** Replaced as a whole: `x-kubernetes-map-type` or `x-kubernetes-list-type: atomic`. */
  readonly atomic: boolean
  /** The node of a struct's field; undefined for an unknown field. */
  field(name: string): TypeNode | undefined
  /** Names of a struct's fields. */
  readonly fieldNames: readonly string[]
  /** Required fields. */
  readonly required: readonly string[]
  /** Element type of a list or map. */
  readonly items: TypeNode | undefined
  /** `x-kubernetes-list-type`; lists without one are atomic. */
  readonly listType?: 'atomic' | 'set' | 'map'
  /** `x-kubernetes-list-map-keys`. */
  readonly keys: readonly string[]
  /** Defaults of absent list map keys: `protocol: TCP`. */
  readonly keyDefaults: Readonly<Record<string, unknown>>
  /** `x-kubernetes-patch-strategy`, split at commas: `merge`, `replace`, `retainKeys`. */
  readonly strategies: readonly string[]
  /** `x-kubernetes-patch-merge-key`. */
  readonly mergeKey: string | undefined
  /** Short name in decoding errors: `DeploymentSpec`. */
  readonly name: string
  /** How Go writes the fields of this struct. */
  readonly shape: StructShape
  /** Whether unknown fields are kept (`x-kubernetes-preserve-unknown-fields`, RawExtension). */
  readonly open: boolean
}

/** How Go names and writes a struct's fields: what `omitempty` leaves out, and what is written though it was never set. */
export interface StructShape {
  /** Whether messages print the struct in its JSON form (apimachinery's types). */
  readonly tagged: boolean
  /** The version of its group, by which Go names its package. */
  readonly version: string
  /** All fields in Go's order. */
  readonly fields: readonly GoField[]
  readonly byName: ReadonlyMap<string, GoField>
  /** Structs that are always written, and what is written as null: they count as present. */
  readonly present: ReadonlySet<string>
  /** Fields that are left out when they are empty: false, 0, "", [], {}. */
  readonly omitted: ReadonlySet<string>
  /** Fields that are always written, with the value of an absent one: structs and scalars. */
  readonly filled: readonly (readonly [name: string, zero: unknown])[]
  /** Fields that are written as null when they are absent: lists, maps, pointers and times. */
  readonly nulls: readonly string[]
}

export interface GoField {
  readonly name: string
  /** Go's name of the field. */
  readonly goName: string
  /** Go's name of the field's type, where the schema does not tell it: `[]v1.IPFamily`. */
  readonly goType?: string
  /** The embedded structs that hold the field, each with a dot: `VolumeSource.`. */
  readonly embedded: string
  /** What Go writes in messages when the field is not set; undefined for the zero value of a scalar. */
  readonly zero?: unknown
}

export const noShape: StructShape = {
  tagged: true,
  version: 'v1',
  fields: [],
  byName: new Map(),
  present: new Set(),
  omitted: new Set(),
  filled: [],
  nulls: [],
}

export type ScalarType =
  'string' | 'int32' | 'int64' | 'number' | 'boolean' | 'int-or-string' | 'quantity' | 'bytes' | 'time' | 'micro-time'

/** The part of an OpenAPI schema that a TypeNode is compiled from. */
export interface JsonSchema {
  $ref?: string
  type?: string
  format?: string
  description?: string
  default?: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  allOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: string
  'x-kubernetes-patch-strategy'?: string
  'x-kubernetes-patch-merge-key'?: string
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** The type of values without a schema. Its lists are atomic and its maps granular, as apply deduces them. */
export const anyType: TypeNode = {
  kind: 'any',
  atomic: false,
  field: () => undefined,
  fieldNames: [],
  required: [],
  items: undefined,
  keys: [],
  keyDefaults: {},
  strategies: [],
  mergeKey: undefined,
  name: '',
  shape: noShape,
  open: true,
}

/** Compiles the types of one set of definitions, each at most once. */
export class TypeCompiler {
  readonly #definition: (name: string) => JsonSchema | undefined
  readonly #shape: (name: string) => StructShape
  readonly #byName = new Map<string, TypeNode>()

  /** @param shape how Go writes the fields of a named definition */
  constructor(
    definition: (name: string) => JsonSchema | undefined,
    shape: (name: string) => StructShape = () => noShape,
  ) {
    this.#definition = definition
    this.#shape = shape
  }

  /** The node of a named definition; `anyType` when it does not exist. */
  named(name: string): TypeNode {
    let node = this.#byName.get(name)
    if (!node) {
      const schema = this.#definition(name)
      node = schema ? new SchemaNode(schema, shortName(name), this, this.#shape(name)) : anyType
      this.#byName.set(name, node)
    }
    return node
  }

  /** The schema that a `$ref` refers to. */
  schema(ref: string): JsonSchema | undefined {
    return this.#definition(ref.slice(ref.lastIndexOf('/') + 1))
  }

  /** The node of a field's schema, with the field's own extensions overriding those of its type. */
  of(schema: JsonSchema): TypeNode {
    const ref = schema.$ref ?? schema.allOf?.[0]?.$ref
    if (ref === undefined) return new SchemaNode(schema, '', this, noShape)
    const name = ref.slice(ref.lastIndexOf('/') + 1)
    if (!Object.keys(schema).some((key) => key.startsWith('x-kubernetes-'))) return this.named(name)
    const { $ref: _ref, allOf: _allOf, ...own } = schema
    return new SchemaNode({ ...this.#definition(name), ...own }, shortName(name), this, this.#shape(name))
  }
}

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
const none: readonly string[] = []

class SchemaNode implements TypeNode {
  readonly kind: TypeNode['kind']
  readonly scalar?: ScalarType
  readonly atomic: boolean
  readonly fieldNames: readonly string[]
  readonly required: readonly string[]
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly keys: readonly string[]
  readonly strategies: readonly string[]
  readonly mergeKey: string | undefined
  readonly name: string
  readonly shape: StructShape
  readonly open: boolean
  readonly #schema: JsonSchema
  readonly #compiler: TypeCompiler
  readonly #fields = new Map<string, TypeNode | undefined>()
  #items: TypeNode | undefined
  #keyDefaults: Record<string, unknown> | undefined

  constructor(schema: JsonSchema, name: string, compiler: TypeCompiler, shape: StructShape) {
    this.shape = shape
    this.#schema = schema
    this.#compiler = compiler
    this.name = name
    this.kind = kindOf(schema, name)
    if (this.kind === 'scalar') this.scalar = scalarOf(schema, name)
    if (this.kind === 'list') this.listType = listTypeOf(schema)
    this.atomic =
      this.kind === 'list'
        ? this.listType === 'atomic'
        : schema['x-kubernetes-map-type'] === 'atomic' || name === 'FieldsV1' || name === 'RawExtension'
    this.fieldNames = schema.properties ? Object.keys(schema.properties) : none
    this.required = schema.required ?? none
    this.strategies = schema['x-kubernetes-patch-strategy']?.split(',') ?? none
    this.mergeKey = schema['x-kubernetes-patch-merge-key']
    this.keys = schema['x-kubernetes-list-map-keys'] ?? (this.mergeKey === undefined ? none : [this.mergeKey])
    this.open = this.kind === 'any' || schema['x-kubernetes-preserve-unknown-fields'] === true
  }

  field(name: string): TypeNode | undefined {
    const known = this.#fields.get(name)
    if (known !== undefined) return known
    const properties = this.#schema.properties
    if (!properties || !Object.hasOwn(properties, name)) return undefined
    const schema = properties[name]
    const node = schema && this.#compiler.of(schema)
    this.#fields.set(name, node)
    return node
  }

  get items(): TypeNode | undefined {
    if (this.#items) return this.#items
    const { items, additionalProperties } = this.#schema
    if (this.kind === 'list') this.#items = items ? this.#compiler.of(items) : anyType
    else if (this.kind === 'map')
      this.#items = typeof additionalProperties === 'object' ? this.#compiler.of(additionalProperties) : anyType
    return this.#items
  }

  get keyDefaults(): Readonly<Record<string, unknown>> {
    this.#keyDefaults ??= this.#findKeyDefaults()
    return this.#keyDefaults
  }

  #findKeyDefaults(): Record<string, unknown> {
    const defaults: Record<string, unknown> = {}
    const item = this.#schema.items
    const ref = item && (item.$ref ?? item.allOf?.[0]?.$ref)
    for (const key of this.keys) {
      // Ports may omit their protocol, and references their name; Kubernetes' schema expresses this with defaults.
      const schema = ref === undefined ? item : this.#compiler.schema(ref)
      const own = key === 'protocol' ? 'TCP' : ref?.endsWith('.LocalObjectReference') ? '' : undefined
      const value = schema?.properties?.[key]?.default ?? own
      if (value !== undefined) defaults[key] = value
    }
    return defaults
  }
}

function kindOf(schema: JsonSchema, name: string): TypeNode['kind'] {
  if (schema['x-kubernetes-int-or-string'] || schema.oneOf || schema.format === 'int-or-string') return 'scalar'
  if (name === 'Quantity' || name === 'IntOrString' || name === 'Time' || name === 'MicroTime') return 'scalar'
  if (name === 'RawExtension' || name === 'FieldsV1' || name === 'JSON') return 'any'
  if (schema.properties) return 'struct'
  if (schema.type === 'array') return 'list'
  if (schema.type === 'object') {
    if (typeof schema.additionalProperties === 'object') return 'map'
    return 'any'
  }
  return schema.type === undefined ? 'any' : 'scalar'
}

function scalarOf(schema: JsonSchema, name: string): ScalarType {
  if (name === 'Quantity') return 'quantity'
  if (
    name === 'IntOrString' ||
    schema['x-kubernetes-int-or-string'] ||
    schema.oneOf ||
    schema.format === 'int-or-string'
  )
    return 'int-or-string'
  if (schema.type === 'integer') return schema.format === 'int64' ? 'int64' : 'int32'
  if (schema.type === 'boolean' || schema.type === 'number') return schema.type
  if (schema.format === 'date-time') return name === 'MicroTime' ? 'micro-time' : 'time'
  return schema.format === 'byte' ? 'bytes' : 'string'
}

/** Lists with patch merge keys only are granular for apply too, as in kube-openapi's conversion. */
function listTypeOf(schema: JsonSchema): 'atomic' | 'set' | 'map' {
  const type = schema['x-kubernetes-list-type']
  if (type === 'map' || type === 'set' || type === 'atomic') return type
  if (!schema['x-kubernetes-patch-strategy']?.includes('merge')) return 'atomic'
  return schema['x-kubernetes-patch-merge-key'] === undefined ? 'set' : 'map'
}
