import type { JsonSchema } from '#shared/kube/patch/type-node.ts'
import type { RemoteGroups } from './remote-groups.ts'
import type { KindDeclaration } from '../api/kind.ts'
import type { ResourceTable, ServedResource } from '../api/resources.ts'
import type { Answer } from '../api/request.ts'
import { etagOf } from './discovery.ts'
import { discoveredResources } from './resources.ts'

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

const pathOf = ({ group, version }: KindDeclaration): string => (group ? `apis/${group}/${version}` : `api/${version}`)

function documentOf(resources: readonly ServedResource[], definitions: Definitions, version: string): unknown {
  const paths: Record<string, unknown> = {}
  for (const resource of resources) Object.assign(paths, operationsOf(resource))
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths,
    components: {
      schemas: Object.fromEntries(schemasOf(resources, definitions)),
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
    schemas.set(`${resource.kind.schema}List`, listSchema(resource, definitions))
  }
  for (const shared of sharedSchemas) collectSchemas(shared, definitions, schemas)
  for (const resource of resources) markKind(schemas, resource)
  return schemas
}

const sharedSchemas = [
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
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

function listSchema({ kind }: ServedResource, definitions: Definitions): unknown {
  const given = definitions(`${kind.schema}List`)
  return {
    description: given?.description ?? `${kind.kind}List is a list of ${kind.kind}.`,
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

/**
 * Returns the operations of a resource by path: enough for clients to find the kind of a path and the parameters of a
 * write.
 */
export function operationsOf(resource: ServedResource): Record<string, unknown> {
  const { kind } = resource
  const base = `/${pathOf(kind)}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`
  const paths: Record<string, unknown> = {
    [base]: { ...collectionOperations(resource), parameters: pathParameters(kind, false) },
    [`${base}/{name}`]: { ...itemOperations(resource), parameters: pathParameters(kind, true) },
  }
  if (kind.namespaced && resource.verbs.has('list'))
    paths[`/${pathOf(kind)}/${kind.plural}`] = { get: operation(resource, 'list', `${kind.schema}List`) }
  for (const part of discoveredResources(resource).slice(1)) {
    const verbs = part.verbs.filter((verb) => verb in methods)
    paths[`${base}/{name}/${part.name.slice(kind.plural.length + 1)}`] = {
      ...Object.fromEntries(verbs.map((verb) => [methods[verb], operation(resource, verb, kind.schema, part)])),
      parameters: pathParameters(kind, true),
    }
  }
  return paths
}

const methods: Readonly<Record<string, string>> = {
  get: 'get',
  list: 'get',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
}

function collectionOperations(resource: ServedResource): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  if (resource.verbs.has('list')) out['get'] = operation(resource, 'list', `${resource.kind.schema}List`)
  if (resource.verbs.has('create')) out['post'] = operation(resource, 'create', resource.kind.schema)
  if (resource.verbs.has('deletecollection')) out['delete'] = operation(resource, 'deletecollection', `${meta}.Status`)
  return out
}

function itemOperations(resource: ServedResource): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const verb of ['get', 'update', 'patch', 'delete'] as const)
    if (resource.verbs.has(verb))
      out[methods[verb] ?? verb] = operation(
        resource,
        verb,
        verb === 'delete' ? `${meta}.Status` : resource.kind.schema,
      )
  return out
}

function operation(
  { kind, custom }: ServedResource,
  verb: string,
  answer: string,
  part?: { name: string; group: string; version: string; kind: string },
): Record<string, unknown> {
  const about = part ?? kind
  const writes = verb === 'create' || verb === 'update' || verb === 'patch'
  const action = verb === 'create' ? 'post' : verb === 'update' ? 'put' : verb
  return {
    tags: [kind.group ? `${kind.group.split('.')[0] ?? ''}_${kind.version}` : `core_${kind.version}`],
    operationId:
      `${verb}${kind.group || 'core'}${kind.version}${(part?.name ?? kind.kind).replaceAll('/', '')}`.replaceAll(
        '.',
        '',
      ),
    parameters: (writes ? writeParameters(verb) : verb === 'list' ? listParameters : []).map(queryParameter),
    ...(writes ? { requestBody: requestBody(verb, answer, custom !== undefined) } : {}),
    responses: {
      '200': {
        description: 'OK',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } },
      },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: about.group, version: about.version, kind: about.kind },
  }
}

function requestBody(verb: string, schema: string, isCustom: boolean): unknown {
  if (verb !== 'patch')
    return { content: { '*/*': { schema: { $ref: `#/components/schemas/${schema}` } } }, required: true }
  const patch = { schema: { type: 'object' } }
  return {
    content: {
      'application/apply-patch+yaml': patch,
      'application/json-patch+json': patch,
      'application/merge-patch+json': patch,
      // Custom resources have no merge keys; kubectl reads the supported patch types from here.
      ...(isCustom ? {} : { 'application/strategic-merge-patch+json': patch }),
    },
    required: true,
  }
}

const listParameters = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
]

const writeParameters = (verb: string): string[] => [
  'dryRun',
  'fieldManager',
  'fieldValidation',
  ...(verb === 'patch' ? ['force'] : []),
  'pretty',
]

const booleans = new Set(['allowWatchBookmarks', 'sendInitialEvents', 'watch', 'force'])
const integers = new Set(['limit', 'timeoutSeconds'])

const queryParameter = (name: string): Record<string, unknown> => ({
  name,
  in: 'query',
  schema: { type: booleans.has(name) ? 'boolean' : integers.has(name) ? 'integer' : 'string', uniqueItems: true },
})

function pathParameters({ namespaced, kind }: KindDeclaration, named: boolean): unknown[] {
  const parameter = (name: string, description: string): unknown => ({
    name,
    in: 'path',
    description,
    required: true,
    schema: { type: 'string', uniqueItems: true },
  })
  return [
    ...(named ? [parameter('name', `name of the ${kind}`)] : []),
    ...(namespaced ? [parameter('namespace', 'object name and auth scope, such as for teams and projects')] : []),
  ]
}
