import type { KubeObject } from '#shared/kube/object.ts'
import type { UserInfo } from './access.ts'
import type { ObjectReader, ResourceKey } from './reader.ts'

/** A POST that does something instead of storing its body: `pods/eviction`, `bindings`, `selfsubjectaccessreviews`. */
export interface Action {
  /** Group, version and kind of body and answer where they differ from the parent's: TokenRequest, Eviction. */
  body?: GroupVersionKind
  /** Refuses a body before admission sees it. @throws ApiError */
  check?(request: ActionRequest): void
  /** Carries an admitted request out. @returns the answer's object (201). @throws ApiError */
  create(request: ActionRequest): KubeObject | Promise<KubeObject>
}

export interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

/** An action that is given to the server because it needs more than the API: keys, an authorizer. */
export interface ActionHandler extends Action {
  group: string
  resource: string
  /** '' for a kind without storage. */
  subresource: string
}

export interface ActionRequest {
  namespace: string
  /** Of the parent; '' for a kind without storage. */
  name: string
  /** The decoded body; the handler may keep and change it. */
  body: KubeObject
  /** The parent object of a subresource. */
  object: KubeObject | undefined
  user: UserInfo
  dryRun: boolean
  reader: ObjectReader
  writes: ServerWrites
}

/** What an action writes on behalf of its request: already admitted, so neither asked of admission nor validated again. */
export interface ServerWrites {
  /** Now as Kubernetes writes timestamps. */
  now(): string
  /**
   * Changes one object; after a lost race, once more. `next` returns a new object.
   * @returns the object as written @throws ApiError 404, 409, and what `next` throws
   */
  update<T extends KubeObject>(key: ObjectKey, next: (current: T) => T): Promise<T>
  /** @param options a DeleteOptions body; the query of the request counts besides. @throws ApiError 400, 422 */
  deletion(key: ObjectKey, options: unknown): Deletion
}

export interface ObjectKey extends ResourceKey {
  namespace: string
  name: string
  subresource: string
}

/** A delete with its options read. */
export interface Deletion {
  dryRun: boolean
  /** The precondition of the options. */
  resourceVersion: string | undefined
  /** @throws ApiError 409 when `object` is not what the preconditions name */
  checkPreconditions(object: KubeObject): void
  /** Admission sees this delete. @throws ApiError */
  run(over: { dryRun: boolean; resourceVersion: string | undefined }): Promise<void>
}

/** The Status that answers an action without an object of its own. */
export const success = (code: number): KubeObject & { status: string; code: number } => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code,
})
