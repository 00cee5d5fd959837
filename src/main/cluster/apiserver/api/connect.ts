import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Stored } from '#shared/kube/object.ts'
import type { UserInfo } from './access.ts'
import type { KindDeclaration } from './kind.ts'
import type { ObjectReader } from './reader.ts'

/**
 * A subresource that owns its connection: log, exec, attach, portforward, proxy. Before calling `handle` the server
 * authenticates and authorizes the request, looks the object up and runs CONNECT admission.
 */
export interface ConnectHandler {
  group: string
  /** Plural of the parent: `pods`. */
  resource: string
  subresource: string
  /** `proxy` serves every method; GET and POST when unset. */
  methods?: readonly string[]
  /** Maps the name in the path to the object's name (`https:web:8443` of a proxy); the name itself when unset. */
  objectName?(name: string): string
  /**
   * The verb to authorize; the method's verb when unset or undefined.
   * @param path the part after the subresource. @throws ApiError 400
   */
  verb?(path: string): string | undefined
  /** A thrown ApiError is answered as a Status unless the response has been started. */
  handle(request: ConnectRequest): void | Promise<void>
}

export interface ConnectRequest {
  message: IncomingMessage
  /** The response to write to; undefined for an upgrade request. */
  response?: ServerResponse
  /** The raw socket of an `Upgrade:` request: the handler writes the 101 itself. */
  upgrade?: { socket: Duplex; head: Buffer }
  kind: KindDeclaration
  subresource: string
  namespace: string
  name: string
  /** The part of the path after the subresource, with its leading slash (`/healthz` of `…/proxy/healthz`), or ''. */
  path: string
  query: URLSearchParams
  /** The parent object. */
  object: Stored
  user: UserInfo
  reader: ObjectReader
}
