import type { Clock } from '#shared/base/clock.ts'
import { refOf, type Client, type Ref, type Resource } from '#shared/client/client.ts'
import { apiVersionOf } from '#shared/client/kube-client.ts'
import type { EventSink, WatchEvent } from '#shared/client/transport.ts'
import { asStored, type KubeObject, type Stored } from '#shared/kube/object.ts'
import { notFound } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

/**
 * A client that notes every write and takes it at its word: no defaults, no admission, no conflicts, deletes at once.
 * For golden tests of what a controller writes; how that works out belongs to tests on the real API server.
 */
export function createRecordingClient(
  objects: readonly KubeObject[],
  clock: Clock,
): { client: Client; writes: unknown[] } {
  const writes: unknown[] = []
  const store = new Map<string, Stored>()
  const sinks = new Map<string, Set<EventSink>>()
  let revision = 1000
  let serial = 0

  const typeOf = (resource: Resource): string => `${apiVersionOf(resource)}/${resource.kind}`
  const keyOf = (resource: Resource, { namespace, name }: Ref): string =>
    `${typeOf(resource)} ${namespace ?? ''}/${name}`

  for (const object of objects) {
    const { namespace = '', name = '' } = object.metadata
    const metadata = { name, uid: `uid-${name}`, ...object.metadata, resourceVersion: String(++revision) }
    store.set(`${object.apiVersion ?? ''}/${object.kind ?? ''} ${namespace}/${name}`, { ...object, metadata })
  }

  function emit(resource: Resource, type: WatchEvent['type'], object: KubeObject): void {
    for (const sink of sinks.get(typeOf(resource)) ?? []) sink.events([{ type, object }])
  }

  function put<T extends KubeObject>(resource: Resource<T>, object: T, type: WatchEvent['type']): Stored<T> {
    const metadata = { ...object.metadata, resourceVersion: String(++revision) }
    const stored = asStored<T>({ ...object, metadata }, resource.namespaced)
    store.set(keyOf(resource, refOf(stored)), stored)
    emit(resource, type, stored)
    return stored
  }

  function find<T extends KubeObject>(resource: Resource<T>, ref: Ref): Stored<T> {
    const object = store.get(keyOf(resource, ref))
    if (!object) throw notFound({ group: resource.group, resource: resource.plural }, ref.name)
    return object as Stored<T>
  }

  const naming = (resource: Resource, { namespace, name }: Ref): string =>
    `${resource.plural} ${namespace ? `${namespace}/` : ''}${name}`

  const client: Client = {
    transport: {
      request: () => Promise.reject(new Error('not a recorded write')),
      watch: () => () => undefined,
    },
    get: async (resource, ref) => find(resource, ref),
    list: async (resource, options = {}) => ({
      metadata: { resourceVersion: String(revision) },
      items: [...store.entries()]
        .filter(([key, { metadata }]) => {
          const inNamespace = !options.namespace || metadata.namespace === options.namespace
          return key.startsWith(`${typeOf(resource)} `) && inNamespace
        })
        .map(([, object]) => object as never),
    }),
    create: async (resource, object) => {
      const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}${++serial}`
      writes.push(resource.kind === 'Event' ? { event: summary(object) } : { create: object })
      const metadata = {
        ...object.metadata,
        name,
        uid: `uid-${name}`,
        creationTimestamp: timestamp(clock.now()),
      }
      return put(resource, { ...object, metadata }, 'ADDED')
    },
    update: async (resource, object) => {
      writes.push({ update: object })
      return put(resource, object, 'MODIFIED')
    },
    updateStatus: async (resource, object) => {
      const { status } = object as KubeObject & { status?: unknown }
      writes.push({ status: naming(resource, refOf(object)), body: status })
      return put(resource, object, 'MODIFIED')
    },
    patch: async (resource, ref, patch) => {
      writes.push({ patch: naming(resource, ref), body: patch.body })
      const { metadata = {}, status } = patch.body as { metadata?: object; status?: object }
      const present = find(resource, ref)
      const patched = { ...present, metadata: { ...present.metadata, ...metadata } }
      const before = (present as KubeObject & { status?: object }).status
      return put(resource, status ? { ...patched, status: { ...before, ...status } } : patched, 'MODIFIED')
    },
    delete: async (resource, ref) => {
      const object = find(resource, ref)
      writes.push({ delete: naming(resource, ref) })
      store.delete(keyOf(resource, ref))
      emit(resource, 'DELETED', {
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(++revision) },
      })
    },
    post: () => Promise.reject(new Error('not a recorded write')),
    watch: (resource, _options, sink) => {
      const listening = sinks.get(typeOf(resource)) ?? new Set()
      sinks.set(typeOf(resource), listening.add(sink))
      return () => void listening.delete(sink)
    },
  }
  return { client, writes }
}

function summary(event: KubeObject): string {
  const { type, reason, message } = event as KubeObject & { type: string; reason: string; message: string }
  return `${type} ${reason}: ${message}`
}
