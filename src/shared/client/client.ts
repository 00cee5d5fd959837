import type { Stop } from '../base/disposable.ts'
import type { KubeList, KubeObject, Named, Stored } from '../kube/object.ts'
import type { Resource } from '../kube/resources.ts'
import type { EventSink, Transport } from './transport.ts'

export type { Resource } from '../kube/resources.ts'

/** A typed view of the Kubernetes API over any transport. Every method throws ApiError. */
export interface Client {
  readonly transport: Transport
  get<T extends KubeObject>(resource: Resource<T>, ref: Ref): Promise<Stored<T>>
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<Stored<T>>>
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<Stored<T>>
  update<T extends KubeObject>(resource: Resource<T>, object: T & Named, options?: WriteOptions): Promise<Stored<T>>
  /** `PUT …/status`. */
  updateStatus<T extends KubeObject>(
    resource: Resource<T>,
    object: T & Named,
    options?: WriteOptions,
  ): Promise<Stored<T>>
  patch<T extends KubeObject>(resource: Resource<T>, ref: Ref, patch: Patch, options?: WriteOptions): Promise<Stored<T>>
  delete(resource: Resource, ref: Ref, options?: DeleteOptions): Promise<unknown>
  /** Any subresource by POST: `binding`, `eviction`, `token`. */
  post(resource: Resource, ref: Ref, subresource: string, body: unknown): Promise<unknown>
  watch(resource: Resource, options: ListOptions & { resourceVersion: string }, sink: EventSink): Stop
}

export interface Ref {
  namespace?: string | undefined
  name: string
}

export const refOf = ({ metadata: { namespace, name } }: Named): Ref => ({ namespace, name })

export interface ListOptions {
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
  limit?: number | undefined
  continue?: string | undefined
  resourceVersion?: string
  resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  sendInitialEvents?: boolean
  allowWatchBookmarks?: boolean
  timeoutSeconds?: number
}

export interface WriteOptions {
  fieldManager?: string
  dryRun?: boolean
  force?: boolean
  subresource?: string
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
}

export interface DeleteOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  preconditions?: { uid?: string | undefined; resourceVersion?: string | undefined }
  dryRun?: readonly 'All'[]
}

export type Patch =
  | { type: 'json'; body: readonly unknown[] }
  | { type: 'merge'; body: unknown }
  | { type: 'strategic'; body: unknown }
  | { type: 'apply'; body: unknown }
