import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * How the API server reaches the workers: their kubelet API and, through them, pods. Implemented by the tunnels
 * (`cluster/network/tunnel.ts`).
 */
export interface NodeConnector {
  /**
   * Sends a request to the kubelet API of `node`; resolves with the head of the response. The stream carries the
   * request body one way and the response body the other; destroying it ends both.
   * @throws Error when the node cannot be reached
   */
  request(node: string, request: NodeRequest): Promise<NodeResponse>
  /**
   * A raw connection from the node's network to `authority` (`ip:port`): TCP's bytes, or UDP's datagrams, framed as
   * `shared/base/datagrams.ts` says. @throws Error when refused
   */
  connect(node: string, authority: string, transport?: Transport): Promise<Duplex>
}

/** What a connection into a node's network speaks; TCP where nothing is said. */
export type Transport = 'TCP' | 'UDP'

export interface NodeRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  /** Path with the query string. */
  path: string
  headers?: Record<string, string>
  /** The request has no body: its side of the stream ends at once. */
  end?: boolean
}

export interface NodeResponse {
  status: number
  headers: IncomingHttpHeaders
  stream: Duplex
}
