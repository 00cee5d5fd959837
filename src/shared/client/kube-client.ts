import { asStored, type KubeList, type KubeObject, type Stored } from '../kube/object.ts'
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
  const send = async <T extends KubeObject>(resource: Resource<T>, request: ApiRequest): Promise<Stored<T>> =>
    asStored((await transport.request(request)) as T, resource.namespaced)

  return {
    transport,
    get: (resource, ref) => send(resource, { method: 'GET', path: objectPath(resource, ref) }),
    async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}) {
      const list = (await transport.request({ method: 'GET', path: listPath(resource, options) })) as KubeList<T>
      return { ...list, items: list.items.map((item) => asStored(item, resource.namespaced)) }
    },
    create: (resource, object, options) =>
      send(resource, {
        method: 'POST',
        path: withQuery(createPath(resource, object, options), writeQuery(options)),
        body: withType(resource, object),
      }),
    update: (resource, object, options) =>
      send(resource, {
        method: 'PUT',
        path: withQuery(objectPath(resource, refOf(object), options?.subresource), writeQuery(options)),
        body: withType(resource, object),
      }),
    updateStatus: (resource, object, options) =>
      send(resource, {
        method: 'PUT',
        path: withQuery(objectPath(resource, refOf(object), 'status'), writeQuery(options)),
        body: withType(resource, object),
      }),
    patch: (resource, ref, patch, options) =>
      send(resource, {
        method: 'PATCH',
        path: withQuery(objectPath(resource, ref, options?.subresource), writeQuery(options)),
        body: patch.body,
        contentType: patchContentTypes[patch.type],
      }),
    delete: (resource, ref, options) =>
      transport.request({ method: 'DELETE', path: objectPath(resource, ref), ...deleteBody(options) }),
    post: (resource, ref, subresource, body) =>
      transport.request({ method: 'POST', path: objectPath(resource, ref, subresource), body }),
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
const createPath = (
  resource: Resource,
  { metadata: { namespace, name = '' } }: KubeObject,
  options: WriteOptions | undefined,
): string =>
  options?.subresource
    ? objectPath(resource, { namespace, name }, options.subresource)
    : collectionPath(resource, namespace)

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
