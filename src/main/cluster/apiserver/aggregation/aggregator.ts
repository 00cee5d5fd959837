import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { messageOf } from '#shared/base/message-of.ts'
import type { APIService } from '#shared/kube/generated/types.ts'
import { apiServices } from '#shared/kube/resources.ts'
import { serviceUnavailable } from '#shared/kube/status.ts'
import type { Credentials } from '../auth/certificates.ts'
import type { UserInfo } from '../api/access.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { ServiceDialer } from '../egress/service-dialer.ts'
import { forward, forwardedHeaders } from '../streaming/forward.ts'

/** Forwards requests for API groups to the Services that serve them (`apiregistration.k8s.io` APIService). */
export interface Aggregator {
  /** Returns the APIService of another server that serves a path. */
  find(path: string): APIService | undefined
  /** Forwards an authorized request. @throws ApiError 503 */
  handle(service: APIService, request: RemoteRequest): Promise<void>
  /** Fetches a document of the service, for discovery and health checks. @throws Error */
  fetch(service: APIService, path: string, accept: string, timeoutMs: number): Promise<{ type: string; body: unknown }>
}

export interface RemoteRequest {
  message: IncomingMessage
  response?: ServerResponse
  upgrade?: { socket: Duplex; head: Buffer }
  user: UserInfo
}

export interface AggregatorOptions {
  reader: ObjectReader
  dialService: ServiceDialer
  /** Client certificate with which aggregated servers trust this server's user headers. */
  frontProxy: Credentials
}

export function createAggregator(options: AggregatorOptions): Aggregator {
  return {
    find(path) {
      const name = nameOf(path)
      if (name === undefined) return undefined
      const found = options.reader.get(apiServices, '', name)
      return found?.spec?.service ? found : undefined
    },
    handle: (service, request) => handle(options, service, request),
    fetch: (service, path, accept, timeoutMs) => fetchDocument(options, service, path, accept, timeoutMs),
  }
}

/**
 * Returns the APIService name of a path: `v1.example.com` for `/apis/example.com/v1/…` and the OpenAPI document of that
 * version.
 */
function nameOf(path: string): string | undefined {
  const start = path.startsWith('/apis/') ? 6 : path.startsWith('/openapi/v3/apis/') ? 17 : 0
  if (start === 0) return undefined
  const [group, version] = path.slice(start).split('/', 2)
  return group && version ? `${version}.${group}` : undefined
}

async function handle(options: AggregatorOptions, service: APIService, request: RemoteRequest): Promise<void> {
  const available = service.status?.conditions?.find(({ type }) => type === 'Available')
  if (available && available.status !== 'True') throw serviceUnavailable('service unavailable')
  const { message, response, upgrade, user } = request
  let connection: Duplex
  try {
    connection = await connectTo(options, service)
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
  await forward({
    message,
    ...(response ? { response } : {}),
    ...(upgrade ? { upgrade } : {}),
    connection,
    path: message.url ?? '/',
    headers: {
      ...forwardedHeaders(message.headers, upgrade !== undefined),
      ...userHeaders(user),
      host: hostOf(service),
    },
  })
}

/** Returns the user as the headers that the ConfigMap `extension-apiserver-authentication` names. */
export function userHeaders({ name, uid, groups, extra }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'X-Remote-User': name, 'X-Remote-Group': [...groups] }
  if (uid) headers['X-Remote-Uid'] = uid
  for (const [key, values] of Object.entries(extra ?? {}))
    headers[`X-Remote-Extra-${encodeURIComponent(key)}`] = [...values]
  return headers
}

const hostOf = ({ spec }: APIService): string => `${spec?.service?.name ?? ''}.${spec?.service?.namespace ?? ''}.svc`

/** Opens a TLS connection that presents the front-proxy certificate. */
async function connectTo({ dialService, frontProxy }: AggregatorOptions, service: APIService): Promise<TLSSocket> {
  const { service: target, caBundle, insecureSkipTLSVerify } = service.spec ?? {}
  const socket = await dialService(target?.namespace ?? '', target?.name ?? '', target?.port ?? 443)
  const secure = tlsConnect({
    socket,
    servername: hostOf(service),
    ...frontProxy,
    ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}),
    rejectUnauthorized: !insecureSkipTLSVerify,
    ALPNProtocols: ['http/1.1'],
  })
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', (error: Error) => {
      socket.destroy()
      reject(error)
    })
  })
  secure.on('error', () => socket.destroy())
  return secure
}

const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] }

async function fetchDocument(
  options: AggregatorOptions,
  service: APIService,
  path: string,
  accept: string,
  timeoutMs: number,
): Promise<{ type: string; body: unknown }> {
  const signal = AbortSignal.timeout(timeoutMs)
  const connection = await connectTo(options, service)
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({
        createConnection: () => connection,
        path,
        signal,
        headers: { accept, host: hostOf(service), ...userHeaders(aggregatorUser) },
      })
        .once('response', resolve)
        .once('error', reject)
        .end()
    })
    let text = ''
    for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString()
    if (answer.statusCode !== 200)
      throw new Error(`bad status from https://${hostOf(service)}${path}: ${answer.statusCode ?? 0}`)
    return { type: answer.headers['content-type'] ?? '', body: JSON.parse(text) as unknown }
  } finally {
    connection.destroy()
  }
}
