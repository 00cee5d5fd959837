import type { KindDeclaration } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'
import { discoveredResources, type DiscoveredResource } from './resources.ts'

/** Where a group version is served, without the first slash: `apis/apps/v1`. */
export const pathOf = ({ group, version }: KindDeclaration): string =>
  group ? `apis/${group}/${version}` : `api/${version}`

/** Returns the operations of a resource and its subresources by path, under the ids that clients are generated from. */
export function operationsOf(resource: ServedResource): Record<string, unknown> {
  const { kind, verbs } = resource
  const scope = kind.namespaced ? 'namespaces/{namespace}/' : ''
  const base = `/${pathOf(kind)}/${scope}${kind.plural}`
  const item = `${base}/{name}`
  const paths: Record<string, unknown> = {
    [base]: { ...collectionOperations(resource), parameters: pathParameters(kind, false) },
  }
  const operations = itemOperations(resource)
  if (Object.keys(operations).length > 0) paths[item] = { ...operations, parameters: pathParameters(kind, true) }
  if (kind.namespaced && verbs.has('list'))
    paths[`/${pathOf(kind)}/${kind.plural}`] = {
      get: operation(resource, 'list', `${kind.kind}ForAllNamespaces`, kind),
    }
  for (const part of discoveredResources(resource).slice(1)) addPart(paths, item, resource, part)
  return paths
}

function addPart(
  paths: Record<string, unknown>,
  item: string,
  resource: ServedResource,
  part: DiscoveredResource,
): void {
  const { kind } = resource
  const name = part.name.slice(kind.plural.length + 1)
  const parameters = pathParameters(kind, true)
  const connections = connected[name]?.map((method) => [method, connection(resource, method, part, '')])
  const operations = connections ?? part.verbs.flatMap((verb) => partOperation(resource, verb, part))
  paths[`${item}/${name}`] = { ...Object.fromEntries(operations), parameters }
  if (name !== 'proxy') return
  const deeper = connected[name]?.map((method) => [method, connection(resource, method, part, 'WithPath')])
  paths[`${item}/proxy/{path}`] = {
    ...Object.fromEntries(deeper ?? []),
    parameters: [...parameters, pathParameter('path', 'path to the resource')],
  }
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

/** The methods of subresources that are connections, not objects. */
const connected: Readonly<Record<string, readonly string[]>> = {
  attach: ['get', 'post'],
  exec: ['get', 'post'],
  portforward: ['get', 'post'],
  proxy: ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'],
}

function collectionOperations(resource: ServedResource): Record<string, unknown> {
  const { kind, verbs } = resource
  const out: Record<string, unknown> = {}
  if (verbs.has('list')) out['get'] = operation(resource, 'list', scoped(kind), kind)
  if (verbs.has('create')) out['post'] = operation(resource, 'create', scoped(kind), kind)
  if (verbs.has('deletecollection'))
    out['delete'] = operation(resource, 'deletecollection', `Collection${scoped(kind)}`, kind)
  return out
}

function itemOperations(resource: ServedResource): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const verb of ['get', 'update', 'patch', 'delete'] as const)
    if (resource.verbs.has(verb))
      out[methods[verb] ?? verb] = operation(resource, verb, scoped(resource.kind), resource.kind)
  return out
}

const scoped = ({ namespaced, kind }: KindDeclaration): string => `${namespaced ? 'Namespaced' : ''}${kind}`

const partName = ({ kind }: ServedResource, part: DiscoveredResource): string =>
  `${scoped(kind)}${title(part.name.slice(kind.plural.length + 1))}`

function partOperation(resource: ServedResource, verb: string, part: DiscoveredResource): [string, unknown][] {
  const method = methods[verb]
  if (method === undefined) return []
  const found = operation(resource, verb, partName(resource, part), part)
  if (!part.name.endsWith('/log')) return [[method, found]]
  const types = ['text/plain', ...plainTypes, protobuf]
  return [[method, { ...found, responses: responses([200], types, { type: 'string' }) }]]
}

function connection(resource: ServedResource, method: string, part: DiscoveredResource, suffix: string): unknown {
  const { kind } = resource
  return {
    tags: [tagOf(kind)],
    operationId: `connect${groupVersion(kind)}${title(method)}${partName(resource, part)}${suffix}`,
    responses: responses([200], ['*/*'], { type: 'string' }),
    'x-kubernetes-action': 'connect',
    'x-kubernetes-group-version-kind': { group: part.group, version: part.version, kind: part.kind },
  }
}

/** @param about the kind that the operation is about: a subresource may have one of its own */
function operation(
  { kind, custom }: ServedResource,
  verb: string,
  name: string,
  about: { group: string; version: string; kind: string },
): Record<string, unknown> {
  const answer = answerOf(kind, verb, about)
  const types = custom === undefined ? [...plainTypes, protobuf] : plainTypes
  return {
    tags: [tagOf(kind)],
    operationId: `${prefixes[verb] ?? verb}${groupVersion(kind)}${name}`,
    ...(verb in parameters ? { parameters: (parameters[verb] ?? []).map(queryParameter) } : {}),
    ...bodyOf(verb, answer, custom !== undefined),
    responses: responses(codes[verb] ?? [200], verb === 'list' ? watched(types) : types, ref(answer)),
    'x-kubernetes-action': actions[verb] ?? verb,
    'x-kubernetes-group-version-kind': { group: about.group, version: about.version, kind: about.kind },
  }
}

/** The path that tells a group version's resources. */
export function resourcesOperation(kind: KindDeclaration): Record<string, unknown> {
  return {
    [`/${pathOf(kind)}/`]: {
      get: {
        tags: [tagOf(kind)],
        operationId: `get${groupVersion(kind)}APIResources`,
        responses: responses([200], [...plainTypes, protobuf], ref(`${meta}.APIResourceList`)),
      },
    },
  }
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const plainTypes = ['application/json', 'application/yaml']
const protobuf = 'application/vnd.kubernetes.protobuf'
const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })

const prefixes: Readonly<Record<string, string>> = { get: 'read', update: 'replace', deletecollection: 'delete' }
const actions: Readonly<Record<string, string>> = { create: 'post', update: 'put' }
const codes: Readonly<Record<string, number[]>> = {
  create: [200, 201, 202],
  update: [200, 201],
  patch: [200, 201],
  delete: [200, 202],
}

/** Lists can be watched in the types that can be streamed. */
const watched = (types: readonly string[]): string[] =>
  types.flatMap((type) => (type === 'application/yaml' ? [type] : [type, `${type};stream=watch`]))

function answerOf(
  kind: KindDeclaration,
  verb: string,
  about: { group: string; version: string; kind: string },
): string {
  if (verb === 'list') return `${kind.schema}List`
  if (verb === 'deletecollection' || (verb === 'delete' && !kind.returnsDeleted)) return `${meta}.Status`
  return partSchemas[about.kind] ?? kind.schema
}

/** What is sent to and answered by subresources that have a kind of their own. */
const partSchemas: Readonly<Record<string, string>> = {
  Binding: 'io.k8s.api.core.v1.Binding',
  Eviction: 'io.k8s.api.policy.v1.Eviction',
  Scale: 'io.k8s.api.autoscaling.v1.Scale',
  TokenRequest: 'io.k8s.api.authentication.v1.TokenRequest',
}

/** The definitions that the operations of a resource name besides its own. */
export const schemasOfParts = (resource: ServedResource): string[] =>
  discoveredResources(resource).flatMap(({ kind }) => partSchemas[kind] ?? [])

function responses(all: readonly number[], types: readonly string[], schema: unknown): Record<string, unknown> {
  const content = Object.fromEntries(types.map((type) => [type, { schema }]))
  const described = all.map((code) => [code, { description: reasons[code] ?? '', content }] as const)
  return { ...Object.fromEntries(described), 401: { description: 'Unauthorized' } }
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function bodyOf(verb: string, schema: string, isCustom: boolean): { requestBody?: unknown } {
  if (verb === 'create' || verb === 'update')
    return { requestBody: { content: { '*/*': { schema: ref(schema) } }, required: true } }
  if (verb === 'delete' || verb === 'deletecollection')
    return { requestBody: { content: { '*/*': { schema: ref(`${meta}.DeleteOptions`) } } } }
  if (verb !== 'patch') return {}
  // Custom resources have no merge keys; kubectl reads the supported patch types from here.
  const types = isCustom ? patchTypes.filter((type) => !type.includes('strategic')) : patchTypes
  const patch = { schema: ref(`${meta}.Patch`) }
  return { requestBody: { content: Object.fromEntries(types.map((type) => [type, patch])), required: true } }
}

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

const selection = ['continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'resourceVersionMatch']
const deletion = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
]
const writing = ['dryRun', 'fieldManager', 'fieldValidation']
const parameters: Readonly<Record<string, readonly string[]>> = {
  list: ['allowWatchBookmarks', ...selection, 'sendInitialEvents', 'timeoutSeconds', 'watch'],
  create: writing,
  update: writing,
  patch: [...writing, 'force'],
  delete: deletion,
  deletecollection: [...deletion, ...selection, 'sendInitialEvents', 'timeoutSeconds'],
}

const booleans = new Set([
  'allowWatchBookmarks',
  'force',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'sendInitialEvents',
  'watch',
])
const integers = new Set(['gracePeriodSeconds', 'limit', 'timeoutSeconds'])

const queryParameter = (name: string): Record<string, unknown> => ({
  name,
  in: 'query',
  schema: { type: booleans.has(name) ? 'boolean' : integers.has(name) ? 'integer' : 'string', uniqueItems: true },
})

const pathParameter = (name: string, description: string): unknown => ({
  name,
  in: 'path',
  description,
  required: true,
  schema: { type: 'string', uniqueItems: true },
})

function pathParameters({ namespaced, kind }: KindDeclaration, named: boolean): unknown[] {
  return [
    ...(named ? [pathParameter('name', `name of the ${kind}`)] : []),
    ...(namespaced ? [pathParameter('namespace', 'object name and auth scope, such as for teams and projects')] : []),
    queryParameter('pretty'),
  ]
}

const title = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

/** `rbac.authorization.k8s.io` is `rbacAuthorization` in ids and tags. */
const groupWords = (group: string): string[] => (group || 'core').replace(/\.k8s\.io$/, '').split(/[.-]/)

const groupVersion = ({ group, version }: KindDeclaration): string =>
  [...groupWords(group), version].map(title).join('')

function tagOf({ group, version }: KindDeclaration): string {
  const [first = '', ...rest] = groupWords(group)
  return `${first}${rest.map(title).join('')}_${version}`
}
