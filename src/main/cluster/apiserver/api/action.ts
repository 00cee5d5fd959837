import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { UserInfo } from './access.ts'
import type { ObjectReader, ResourceKey } from './reader.ts'

/**
 * A POST that performs an action instead of storing its body: `pods/eviction`, `bindings`, `selfsubjectaccessreviews`.
 */
export interface Action {
  /** Group, version and kind of body and answer where they differ from the parent's: TokenRequest, Eviction. */
  body?: GroupVersionKind
  /** Refuses a body before admission sees it. @throws ApiError */
  check?(request: ActionRequest): void
  /** Performs an admitted request. @returns the object of the 201 answer @throws ApiError */
  create(request: ActionRequest): KubeObject | Promise<KubeObject>
}

export interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

/** An action that the server receives from outside because it needs more than the API: keys, an authorizer. */
export interface ActionHandler extends Action {
  group: string
  resource: string
  /** '' for a kind without storage. */
  subresource: string
}

export interface ActionRequest {
  namespace: string
  /** Name of the parent; '' for a kind without storage. */
  name: string
  /** The decoded body; the handler owns it. */
  body: KubeObject
  /** The parent object of a subresource. */
  object: Stored | undefined
  user: UserInfo
  dryRun: boolean
  reader: ObjectReader
  writes: ServerWrites
}

/** Writes of an action on behalf of its request, which is already admitted: they skip admission and validation. */
export interface ServerWrites {
  /** The current time in Kubernetes' timestamp format. */
  now(): string
  /**
   * Changes one object, retrying on conflict. `next` returns a new object.
   * @returns the object as written @throws ApiError 404, 409, and what `next` throws
   */
  update<T extends KubeObject>(key: ObjectKey, next: (current: Stored<T>) => T): Promise<Stored<T>>
  /** @param options a DeleteOptions body; the query of the request applies too. @throws ApiError 400, 422 */
  deletion(key: ObjectKey, options: unknown): Deletion
}

export interface ObjectKey extends ResourceKey {
  namespace: string
  name: string
  subresource: string
}

/** A delete with parsed options. */
export interface Deletion {
  dryRun: boolean
  /** The resourceVersion precondition of the options. */
  resourceVersion: string | undefined
  /** @throws ApiError 409 when `object` does not meet the preconditions */
  checkPreconditions(object: Stored): void
  /** Runs the delete, including its admission. @throws ApiError */
  run(over: { dryRun: boolean; resourceVersion: string | undefined }): Promise<void>
}

/** Returns the Status that answers an action without a result object. */
export const success = (code: number): KubeObject & { status: string; code: number } => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code,
})
