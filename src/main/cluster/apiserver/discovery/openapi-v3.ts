import type { JsonSchema } from '#shared/kube/patch/type-node.ts'
import type { RemoteGroups } from './remote-groups.ts'
import type { ResourceTable, ServedResource } from '../api/resources.ts'
import type { Answer } from '../api/request.ts'
import { etagOf } from './discovery.ts'
import { withGoDefaults } from './go-defaults.ts'
import { operationsOf, pathOf, resourcesOperation, schemasOfParts } from './openapi-operations.ts'

/** Finds a definition by name; its `$ref`s end in a name. */
export type Definitions = (name: string) => JsonSchema | undefined

/**
 * OpenAPI v3: an index of group versions with hashed URLs, and one document each. Documents are built on first request:
 * building takes tens of milliseconds and most are never read.
 */
export class OpenApiV3 {
  readonly #resources: ResourceTable
  readonly #definitions: Definitions
  readonly #version: string
  readonly #remote: RemoteGroups | undefined
  readonly #documents = new Map<string, { body: string; etag: string; revision: number }>()

  constructor(resources: ResourceTable, definitions: Definitions, version: string, remote?: RemoteGroups) {
    this.#resources = resources
    this.#definitions = definitions
    this.#version = version
    this.#remote = remote
  }

  page(path: string): Answer | undefined {
    if (path === '/openapi/v3' || path === '/openapi/v3/') return this.#index()
    const gv = path.slice('/openapi/v3/'.length)
    const document = this.#groupVersions().includes(gv) ? this.#document(gv) : this.#remoteDocument(gv)
    if (!document) return undefined
    const { body, etag } = document
    return { type: 'bytes', code: 200, contentType: 'application/json', body, headers: { ETag: etag, Vary: 'Accept' } }
  }

  #index(): Answer {
    const paths: Record<string, unknown> = {}
    const list = (gv: string, document: { etag: string } | undefined): void => {
      if (document) paths[gv] = { serverRelativeURL: `/openapi/v3/${gv}?hash=${document.etag.slice(1, -1)}` }
    }
    for (const { path } of this.#remote?.schemas() ?? []) list(path, this.#remoteDocument(path))
    for (const gv of this.#groupVersions()) list(gv, this.#document(gv))
    return { type: 'bytes', code: 200, contentType: 'application/json', body: JSON.stringify({ paths }) }
  }

  /** The document as the aggregated server returned it. */
  #remoteDocument(gv: string): { body: string; etag: string } | undefined {
    const v3 = this.#remote?.schemas().find(({ path }) => path === gv)?.v3
    if (v3 === undefined) return undefined
    const body = JSON.stringify(v3)
    return { body, etag: etagOf(body) }
  }

  #groupVersions(): string[] {
    return [...new Set(ownResources(this.#resources, this.#remote).map(({ kind }) => pathOf(kind)))]
  }

  #document(gv: string): { body: string; etag: string } {
    const revision = this.#resources.revision(gv.slice(gv.indexOf('/') + 1))
    let document = this.#documents.get(gv)
    if (document?.revision !== revision) {
      const resources = this.#resources.all().filter(({ kind }) => pathOf(kind) === gv)
      const body = JSON.stringify(documentOf(resources, this.#definitions, this.#version))
      this.#documents.set(gv, (document = { body, etag: etagOf(body), revision }))
    }
    return document
  }
}

/** The resources that this server serves itself: not those of groups that an aggregated server has taken over. */
export const ownResources = (resources: ResourceTable, remote: RemoteGroups | undefined): ServedResource[] =>
  resources.all().filter(({ kind }) => !remote?.isClaimed(kind))

function documentOf(resources: readonly ServedResource[], definitions: Definitions, version: string): unknown {
  const paths: Record<string, unknown> = resources[0] ? resourcesOperation(resources[0].kind) : {}
  for (const resource of resources) Object.assign(paths, operationsOf(resource))
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths,
    components: {
      schemas: withGoDefaults(schemasOf(resources, definitions)),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  }
}

/** Returns the schemas of some resources, their lists, and everything that they refer to. */
export function schemasOf(resources: readonly ServedResource[], definitions: Definitions): Map<string, unknown> {
  const schemas = new Map<string, unknown>()
  for (const resource of resources) {
    collectSchemas(resource.kind.schema, definitions, schemas)
    const list = `${resource.kind.schema}List`
    collectSchemas(list, definitions, schemas)
    if (!schemas.has(list)) schemas.set(list, listSchema(resource))
    for (const part of schemasOfParts(resource)) collectSchemas(part, definitions, schemas)
  }
  for (const shared of sharedSchemas) collectSchemas(shared, definitions, schemas)
  for (const resource of resources) markKind(schemas, resource)
  return schemas
}

const sharedSchemas = [
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList',
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
  'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent',
]

/** Collects a definition and everything it refers to, with v3 references. */
function collectSchemas(name: string, definitions: Definitions, into: Map<string, unknown>): void {
  if (into.has(name)) return
  const schema = definitions(name)
  if (!schema) return
  into.set(name, {})
  into.set(
    name,
    rewritten(schema, (ref) => {
      const target = ref.slice(ref.lastIndexOf('/') + 1)
      collectSchemas(target, definitions, into)
      return `#/components/schemas/${target}`
    }),
  )
}

/** Returns a copy with rewritten references; a reference with siblings needs `allOf` in v3. */
function rewritten(value: unknown, rewrite: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewritten(item, rewrite))
  if (typeof value !== 'object' || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    if (key !== '$ref' || typeof field !== 'string') out[key] = rewritten(field, rewrite)
    else if (Object.keys(value).length === 1) out[key] = rewrite(field)
    else out['allOf'] = [{ $ref: rewrite(field) }]
  }
  return out
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

function listSchema({ kind }: ServedResource): unknown {
  return {
    description: `${kind.kind}List is a list of ${kind.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { $ref: `#/components/schemas/${meta}.ListMeta` },
      items: { type: 'array', items: { $ref: `#/components/schemas/${kind.schema}` } },
    },
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: `${kind.kind}List` }],
  }
}

function markKind(schemas: Map<string, unknown>, { kind }: ServedResource): void {
  const schema = schemas.get(kind.schema)
  if (typeof schema !== 'object' || schema === null) return
  schemas.set(kind.schema, {
    ...schema,
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
  })
}
