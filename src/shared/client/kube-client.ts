import type { KubeList, KubeObject } from '../kube/object.ts'
import {
  refOf,
  type Client,
  type DeleteOptions,
  type ListOptions,
  type Patch,
  type Ref,
  type Resource,
  type WriteOptions,
} from './client.ts'
import type { ApiRequest, Transport } from './transport.ts'

/** The typed client: knows paths, query strings and content types; `transport` carries the requests. */
export function createClient(transport: Transport): Client {
  const send = async <T>(request: ApiRequest): Promise<T> => (await transport.request(request)) as T

  return {
    transport,
    get: (resource, ref) => send({ method: 'GET', path: objectPath(resource, ref) }),
    list: <T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}) =>
      send<KubeList<T>>({ method: 'GET', path: listPath(resource, options) }),
    create: (resource, object, options) =>
      send({
        method: 'POST',
        path: withQuery(createPath(resource, object, options), writeQuery(options)),
        body: withType(resource, object),
      }),
    update: (resource, object, options) =>
      send({
        method: 'PUT',
        path: withQuery(objectPath(resource, refOf(object), options?.subresource), writeQuery(options)),
        body: withType(resource, object),
      }),
    updateStatus: (resource, object, options) =>
      send({
        method: 'PUT',
        path: withQuery(objectPath(resource, refOf(object), 'status'), writeQuery(options)),
        body: withType(resource, object),
      }),
    patch: (resource, ref, patch, options) =>
      send({
        method: 'PATCH',
        path: withQuery(objectPath(resource, ref, options?.subresource), writeQuery(options)),
        body: patch.body,
        contentType: patchContentTypes[patch.type],
      }),
    delete: (resource, ref, options) =>
      send({ method: 'DELETE', path: objectPath(resource, ref), ...deleteBody(options) }),
    post: (resource, ref, subresource, body) =>
      send({ method: 'POST', path: objectPath(resource, ref, subresource), body }),
    watch: (resource, options, sink) => transport.watch({ path: watchPath(resource, options) }, sink),
  }
}

const patchContentTypes: Record<Patch['type'], string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** `apps/v1`; `v1` for the core group. */
export const apiVersionOf = ({ group, version }: Pick<Resource, 'group' | 'version'>): string =>
  group ? `${group}/${version}` : version

/** Path of a resource's collection, of one namespace or of all. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${resource.plural}`
}

/** Path of one object or of one of its subresources. */
export function objectPath(resource: Resource, ref: Ref, subresource?: string): string {
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource ? `${path}/${subresource}` : path
}

/** Objects are created in the collection; a created subresource (`binding`) is below its object. */
const createPath = (resource: Resource, object: KubeObject, options: WriteOptions | undefined): string =>
  options?.subresource
    ? objectPath(resource, refOf(object), options.subresource)
    : collectionPath(resource, object.metadata.namespace)

/** The object with its apiVersion and kind: items of lists may lack them, bodies and references need them. */
export const withType = <T extends KubeObject>(resource: Resource, object: T): T =>
  object.apiVersion && object.kind ? object : { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }

const listPath = (resource: Resource, options: ListOptions): string =>
  withQuery(collectionPath(resource, options.namespace), listQuery(options))

const watchPath = (resource: Resource, options: ListOptions): string =>
  withQuery(collectionPath(resource, options.namespace), { watch: '1', ...listQuery(options) })

const listQuery = ({ namespace: _, ...parameters }: ListOptions): Query => parameters

const writeQuery = (options: WriteOptions = {}): Query => ({
  fieldManager: options.fieldManager,
  dryRun: options.dryRun ? 'All' : undefined,
  force: options.force,
  fieldValidation: options.fieldValidation,
})

const deleteBody = (options: DeleteOptions | undefined): { body?: unknown } =>
  options ? { body: { apiVersion: 'v1', kind: 'DeleteOptions', ...options } } : {}

type Query = Record<string, string | number | boolean | undefined>

function withQuery(path: string, query: Query): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parts.push(`${name}=${encodeURIComponent(value)}`)
  }
  return parts.length > 0 ? `${path}?${parts.join('&')}` : path
}
