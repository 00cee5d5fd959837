import { Agent, request, type RequestOptions } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import type { Status } from '#shared/kube/status.ts'

/** Any object of the API, as a test reads it. */
export interface Loose {
  apiVersion?: string
  kind?: string
  metadata: {
    name: string
    namespace?: string
    uid: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: string[]
    ownerReferences?: object[]
    resourceVersion?: string
  }
  spec: Record<string, unknown>
  status: Record<string, unknown>
  items: Loose[]
}

export interface RawAnswer {
  code: number
  headers: IncomingHttpHeaders
  text: string
  /** The parsed body, as an object. */
  object: Loose
  /** The parsed body, as an error. */
  status: Status
  /** Code and message, to compare refusals by. */
  outcome: string
}

/** One identity's way to an API server, request by request, with nothing added but its credentials. */
export interface RawApi {
  send(method: string, path: string, body?: unknown, headers?: Record<string, string | string[]>): Promise<RawAnswer>
  get(path: string): Promise<RawAnswer>
  create(path: string, body: unknown): Promise<RawAnswer>
  /** A JSON merge patch. */
  patch(path: string, body: unknown): Promise<RawAnswer>
  remove(path: string): Promise<RawAnswer>
  stop(): void
}

export interface RawApiOptions {
  server: string
  ca: string
  credentials?: { cert: string; key: string }
  token?: string
}

export function createRawApi({ server, ca, credentials, token }: RawApiOptions): RawApi {
  const agent = new Agent({ keepAlive: true, ca, ...credentials })
  const { hostname, port } = new URL(server)
  const send: RawApi['send'] = async (method, path, body, headers = {}) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const options: RequestOptions = {
      agent,
      hostname,
      port,
      method,
      path,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    }
    const answer = await new Promise<{ code: number; headers: IncomingHttpHeaders; text: string }>(
      (resolve, reject) => {
        request(options, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              code: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          )
        })
          .on('error', reject)
          .end(text)
      },
    )
    const isJson = answer.text !== '' && answer.headers['content-type']?.startsWith('application/json')
    const parsed: unknown = isJson ? JSON.parse(answer.text) : {}
    const status = parsed as Status
    return {
      ...answer,
      object: parsed as Loose,
      status,
      outcome: answer.code < 300 ? String(answer.code) : `${answer.code} ${status.message ?? answer.text}`,
    }
  }
  return {
    send,
    get: (path) => send('GET', path),
    create: (path, body) => send('POST', path, body),
    patch: (path, body) => send('PATCH', path, body, { 'content-type': 'application/merge-patch+json' }),
    remove: (path) => send('DELETE', path),
    stop: () => agent.destroy(),
  }
}
