import type { Stop } from '../base/disposable.ts'
import type { KubeObject } from '../kube/object.ts'
import type { ApiError } from '../kube/status.ts'

/**
 * How a client reaches an API server, at the level of objects: over HTTPS (agent, kubeconfig contexts, tests) or as a
 * call into the server's own request handler in the same process (controllers, scheduler, the face's local clusters).
 * Admission, authorisation and validation apply either way.
 *
 * Objects that come out are shared with caches and other readers: treat them as frozen.
 */
export interface Transport {
  /** @returns the decoded body. @throws ApiError for every answer that is not 2xx. */
  request(request: ApiRequest): Promise<unknown>
  /** Starts a watch; `path` carries `watch=1` and its parameters. Exactly one `closed` follows unless stopped. */
  watch(request: WatchRequest, sink: EventSink): Stop
}

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with its query string: `/api/v1/namespaces/default/pods?limit=500`. */
  path: string
  body?: unknown
  /** Of the body; `application/json` when unset. */
  contentType?: string
  /** `application/json` when unset. */
  accept?: string
  signal?: AbortSignal
}

export interface WatchRequest {
  path: string
  accept?: string
}

export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  object: T
}

export interface EventSink {
  events(batch: readonly WatchEvent[]): void
  /** The stream ended: with the server's error (410 among them), or undefined at an orderly end. */
  closed(error: ApiError | Error | undefined): void
}
