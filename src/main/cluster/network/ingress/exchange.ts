import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'

/** A request that looks for its back end. */
export interface ProxiedRequest {
  /** In lower case, without port. */
  host: string
  /** As sent, without query. */
  path: string
  /** With `?`, or empty. */
  search: string
  query: URLSearchParams
  method: string
  headers: IncomingHttpHeaders
  encrypted: boolean
  /** By what its connection's client certificate was validated. */
  validatedBy?: string | undefined
  /** The client's address. */
  client: string
  /** The port of 127.0.0.1 that the client connected to. */
  port: number
}

/** How a request is carried: over a connection to its back end, with what a route's filters change. */
export interface Exchange {
  connection: Duplex
  /** Whether the back end speaks HTTP/2 alone, whatever the client speaks. */
  isHttp2?: boolean
  /** Changes what the back end gets. */
  amendRequest?(message: IncomingMessage): void
  /** Changes what the client gets. */
  amendResponse?(headers: IncomingHttpHeaders): void
  /** Ends the request with 504, ms after it was routed. */
  timeoutMs?: number | undefined
  /** Back ends that get a copy of the request, and whose answers nobody reads. */
  mirrors?: readonly Mirror[]
}

export interface Mirror {
  connect(): Promise<Duplex>
  /** Whether it speaks HTTP/2 alone. */
  isHttp2: boolean
}

/** What becomes of a request: it is carried, or answered at once. */
export type Routed = Exchange | { answer: { status: number; headers: Record<string, string> } }

/** Where a TLS connection goes that is not HTTPS. */
export interface TlsExchange {
  connect(client: string): Promise<Duplex>
  /** Answers the handshake here; undefined where the back end does (passthrough). */
  context?: Promise<SecureContext>
}
