import type { JsonSchema } from '#shared/kube/patch/type-node.ts'
import { notAcceptable } from '#shared/kube/status.ts'
import { openApiV2Schema } from '../custom/openapi-v2-schema.ts'
import type { RemoteGroups } from './remote-groups.ts'
import { merge } from './remote-schemas.ts'
import type { ResourceTable } from '../api/resources.ts'
import type { Answer, Call } from '../api/request.ts'
import { etagOf } from './discovery.ts'
import { operationsOf } from './openapi-operations.ts'
import { ownResources, schemasOf, type Definitions } from './openapi-v3.ts'
import { ProtobufWriter } from '../codec/protobuf-writer.ts'

const protobufTypes = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
]

/** The OpenAPI v2 document of all served resources, as JSON and as the protobuf form that Go clients request. */
export class OpenApiV2 {
  readonly #resources: ResourceTable
  readonly #definitions: Definitions
  readonly #version: string
  readonly #remote: RemoteGroups | undefined
  #revision = ''
  #json: { body: string; etag: string } | undefined
  #protobuf: { body: Buffer; etag: string } | undefined

  constructor(resources: ResourceTable, definitions: Definitions, version: string, remote?: RemoteGroups) {
    this.#resources = resources
    this.#definitions = definitions
    this.#version = version
    this.#remote = remote
  }

  /** @throws ApiError 406 */
  page({ accept = '*/*' }: Call): Answer {
    const revision = `${this.#resources.revision()}/${this.#remote?.schemasRevision ?? 0}`
    if (this.#revision !== revision) {
      this.#revision = revision
      this.#json = this.#protobuf = undefined
    }
    if (protobufTypes.some((type) => accept.includes(type))) return this.#protobufPage()
    if (!accept.includes('application/json') && !accept.includes('*/*'))
      throw notAcceptable(`only the following media types are accepted: application/json, ${protobufTypes.join(', ')}`)
    if (!this.#json) {
      const body = JSON.stringify(this.#document())
      this.#json = { body, etag: etagOf(body) }
    }
    return pageOf('application/json', this.#json)
  }

  #protobufPage(): Answer {
    if (!this.#protobuf) {
      const body = encodeDocument(this.#document())
      this.#protobuf = { body, etag: etagOf(body) }
    }
    return pageOf(protobufTypes[1] ?? '', this.#protobuf)
  }

  #document(): Document {
    const resources = ownResources(this.#resources, this.#remote)
    const paths: Record<string, PathItem> = {}
    for (const resource of resources)
      for (const [path, item] of Object.entries(operationsOf(resource))) paths[path] = downgraded(item as V3PathItem)
    const schemas = schemasOf(resources, this.#definitions)
    for (const { kind, custom } of resources)
      if (custom) schemas.set(kind.schema, openApiV2Schema(schemas.get(kind.schema) as Record<string, unknown>))
    const definitions = inDefinitions(Object.fromEntries(schemas)) as Record<string, JsonSchema>
    for (const { v2 } of this.#remote?.schemas() ?? []) merge({ paths, definitions }, v2)
    return { swagger: '2.0', info: { title: 'Kubernetes', version: this.#version }, paths, definitions }
  }
}

const pageOf = (contentType: string, { body, etag }: { body: string | Buffer; etag: string }): Answer => ({
  type: 'bytes',
  code: 200,
  contentType,
  body,
  headers: { ETag: etag, Vary: 'Accept' },
})

interface Document {
  swagger: string
  info: { title: string; version: string }
  paths: Record<string, PathItem>
  definitions: Record<string, JsonSchema>
}

interface Operation {
  tags: string[]
  operationId: string
  parameters: { name: string; in: string; type: string }[]
  responses: Record<string, { description: string }>
  'x-kubernetes-action': string
  'x-kubernetes-group-version-kind': unknown
}

type PathItem = Partial<Record<Method, Operation>>
type Method = 'get' | 'put' | 'post' | 'delete' | 'patch'
type V3Operation = Omit<Operation, 'parameters'> & {
  parameters?: { name: string; in: string; schema: { type: string } }[]
}
type V3PathItem = Partial<Record<Method, V3Operation>>

const methods: readonly Method[] = ['get', 'put', 'post', 'delete', 'patch']

/** Converts v3 operations to v2, without request bodies, which no client reads from here. */
function downgraded(item: V3PathItem): PathItem {
  const out: PathItem = {}
  for (const method of methods) {
    const operation = item[method]
    if (!operation) continue
    out[method] = {
      tags: operation.tags,
      operationId: operation.operationId,
      parameters: (operation.parameters ?? []).map((parameter) => ({
        name: parameter.name,
        in: parameter.in,
        type: parameter.schema.type,
      })),
      responses: { '200': { description: 'OK' } },
      'x-kubernetes-action': operation['x-kubernetes-action'],
      'x-kubernetes-group-version-kind': operation['x-kubernetes-group-version-kind'],
    }
  }
  return out
}

/** Converts references to v2, where a reference has no siblings, and leaves out defaults, as Kubernetes does. */
function inDefinitions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inDefinitions)
  if (typeof value !== 'object' || value === null) return value
  const {
    allOf,
    oneOf,
    default: _,
    ...rest
  } = value as {
    allOf?: { $ref?: string }[]
    oneOf?: unknown
    default?: unknown
  }
  // Quantities and IntOrString are strings in v2.
  const out: Record<string, unknown> = oneOf ? { type: 'string' } : {}
  for (const [key, field] of Object.entries({ ...rest, ...allOf?.[0] })) {
    if (key === '$ref' && typeof field === 'string') out[key] = field.replace('#/components/schemas/', '#/definitions/')
    else out[key] = key === 'properties' ? namedInDefinitions(field) : inDefinitions(field)
  }
  return out
}

/** Properties may have the names of keywords, as those of a definition's schema do. */
const namedInDefinitions = (properties: unknown): unknown =>
  Object.fromEntries(Object.entries(properties ?? {}).map(([name, schema]) => [name, inDefinitions(schema)]))

function encodeDocument(document: Document): Buffer {
  const writer = new ProtobufWriter()
  writer.string(1, document.swagger)
  writer.message(2, (info) => {
    info.string(1, document.info.title)
    info.string(2, document.info.version)
  })
  writer.message(8, (paths) => {
    for (const [path, item] of Object.entries(document.paths))
      paths.message(2, (named) => {
        named.string(1, path)
        named.message(2, (value) => encodePath(value, item))
      })
  })
  writer.message(9, (definitions) => encodeNamedSchemas(definitions, document.definitions))
  return writer.finish()
}

const methodFields: Readonly<Record<Method, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 }

function encodePath(writer: ProtobufWriter, item: PathItem): void {
  for (const method of methods) {
    const operation = item[method]
    if (operation) writer.message(methodFields[method], (inner) => encodeOperation(inner, operation))
  }
}

function encodeOperation(writer: ProtobufWriter, operation: Operation): void {
  writer.strings(1, operation.tags ?? [])
  writer.string(5, operation.operationId)
  for (const { name, type } of operation.parameters ?? [])
    writer.message(8, (item) =>
      item.message(1, (parameter) =>
        parameter.message(2, (nonBody) =>
          nonBody.message(3, (query) => {
            query.string(2, 'query')
            query.string(4, name)
            query.string(6, type)
          }),
        ),
      ),
    )
  writer.message(9, (responses) =>
    responses.message(1, (named) => {
      named.string(1, '200')
      named.message(2, (value) => value.message(1, (response) => response.string(1, 'OK')))
    }),
  )
  encodeExtensions(writer, 13, operation as unknown as Record<string, unknown>)
}

function encodeNamedSchemas(writer: ProtobufWriter, schemas: Readonly<Record<string, JsonSchema>>): void {
  for (const [name, schema] of Object.entries(schemas))
    writer.message(1, (named) => {
      named.string(1, name)
      named.message(2, (value) => encodeSchema(value, schema))
    })
}

function encodeSchema(writer: ProtobufWriter, schema: JsonSchema): void {
  const { additionalProperties, items, properties, type } = schema
  writer.string(1, schema.$ref)
  writer.string(2, schema.format)
  writer.string(4, schema.description)
  if (schema.default !== undefined) writer.message(5, (any) => encodeAny(any, schema.default))
  writer.strings(19, schema.required)
  if (typeof additionalProperties === 'object')
    writer.message(21, (item) => item.message(1, (inner) => encodeSchema(inner, additionalProperties)))
  if (type !== undefined) writer.message(22, (item) => item.strings(1, [type]))
  if (items) writer.message(23, (item) => item.message(1, (inner) => encodeSchema(inner, items)))
  if (properties) writer.message(25, (item) => encodeNamedSchemas(item, properties))
  encodeExtensions(writer, 31, schema as unknown as Record<string, unknown>)
}

function encodeExtensions(writer: ProtobufWriter, field: number, fields: Readonly<Record<string, unknown>>): void {
  for (const name in fields)
    if (name.startsWith('x-'))
      writer.message(field, (named) => {
        named.string(1, name)
        named.message(2, (any) => encodeAny(any, fields[name]))
      })
}

/** An `Any` of the OpenAPI messages carries YAML, a superset of JSON. */
const encodeAny = (writer: ProtobufWriter, value: unknown): void => writer.string(2, `${JSON.stringify(value)}\n`)
