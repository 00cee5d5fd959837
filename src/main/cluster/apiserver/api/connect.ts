import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { KubeObject } from '#shared/kube/object.ts'
import type { UserInfo } from './access.ts'
import type { KindDeclaration } from './kind.ts'
import type { ObjectReader } from './reader.ts'

/**
 * A subresource that owns its connection: log, exec, attach, portforward, proxy. The server has authenticated,
 * authorised, looked the object up and run CONNECT admission before it calls `handle`.
 */
export interface ConnectHandler {
  group: string
  /** Plural of the parent: `pods`. */
  resource: string
  subresource: string
  /** `proxy` serves every method; GET and POST when unset. */
  methods?: readonly string[]
  /** The object that a name in the path means (`https:web:8443` of a proxy); the name itself when unset. */
  objectName?(name: string): string
  /**
   * The verb that a request must be allowed; that of its method when unset or undefined.
   * @param path what follows the subresource. @throws ApiError 400
   */
  verb?(path: string): string | undefined
  /** A thrown ApiError is answered as a Status as long as nothing has been written. */
  handle(request: ConnectRequest): void | Promise<void>
}

export interface ConnectRequest {
  message: IncomingMessage
  /** Where to write the answer; undefined for an upgrade request. */
  response?: ServerResponse
  /** The raw socket of an `Upgrade:` request: the handler writes the 101 itself. */
  upgrade?: { socket: Duplex; head: Buffer }
  kind: KindDeclaration
  subresource: string
  namespace: string
  name: string
  /** What follows the subresource in the path, with its leading slash (`/healthz` of `…/proxy/healthz`), or ''. */
  path: string
  query: URLSearchParams
  /** The parent object. */
  object: KubeObject
  user: UserInfo
  reader: ObjectReader
}
