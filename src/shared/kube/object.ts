/** The fields of every Kubernetes object, in wire format: timestamps are RFC 3339 strings, quantities strings. */
export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

export interface ObjectMeta {
  name?: string
  generateName?: string
  namespace?: string | undefined
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string | null
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
  selfLink?: string
}

declare const inNamespace: unique symbol

/** Metadata of a kind whose objects live in namespaces. The mark is there for the compiler alone: see `Stored`. */
export interface NamespacedMeta extends ObjectMeta {
  readonly [inNamespace]?: true
}

/** What the API server gives every object that it stores. */
export interface StoredMeta extends ObjectMeta {
  name: string
  uid: string
  resourceVersion: string
}

/**
 * An object as an API server holds it, with what it was given there: what clients and informers hand out. Bodies of
 * requests, drafts and templates are plain `T`.
 */
export type Stored<T extends KubeObject = KubeObject> = T & {
  metadata: StoredMeta & (typeof inNamespace extends keyof T['metadata'] ? { namespace: string } : unknown)
}

/** Whether an object has been stored, and not only been made up. */
export const isStored = <T extends KubeObject>(object: T): object is Stored<T> =>
  object.metadata.name !== undefined &&
  object.metadata.uid !== undefined &&
  object.metadata.resourceVersion !== undefined

/** What names an object within its kind. */
export interface Named {
  metadata: { name: string; namespace?: string | undefined }
}

/**
 * The one place that claims an object to be stored. API servers fill in these fields; the answers to reviews and the
 * objects of some aggregated APIs lack them, and get '' in a copy.
 */
export function asStored<T extends KubeObject>(object: T, namespaced: boolean): Stored<T> {
  const { name, uid, resourceVersion, namespace } = object.metadata ?? {}
  const complete =
    name !== undefined && uid !== undefined && resourceVersion !== undefined && (namespace !== undefined || !namespaced)
  if (complete) return object as Stored<T>
  const empty = { name: '', uid: '', resourceVersion: '', ...(namespaced ? { namespace: '' } : {}) }
  return { ...object, metadata: { ...empty, ...object.metadata } } as Stored<T>
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ManagedFieldsEntry {
  manager?: string
  operation?: string
  apiVersion?: string
  time?: string
  fieldsType?: string
  fieldsV1?: Record<string, unknown>
  subresource?: string
}

export interface ListMeta {
  resourceVersion?: string
  continue?: string
  remainingItemCount?: number
}

export interface KubeList<T = KubeObject> {
  apiVersion?: string
  kind?: string
  metadata: ListMeta
  items: T[]
}
