import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { messageOf } from '#shared/base/message-of.ts'
import type { APIService } from '#shared/kube/generated/types.ts'
import { apiServices } from '#shared/kube/resources.ts'
import { ApiError, failure, serviceUnavailable, type Status } from '#shared/kube/status.ts'
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
  /** Asks the service for a client within the process. @throws ApiError the service's own refusal, or 503 */
  ask(service: APIService, request: LocalRequest): Promise<unknown>
  /** Fetches a document of the service, for discovery and health checks. @throws Error */
  fetch(service: APIService, path: string, accept: string, timeoutMs: number): Promise<{ type: string; body: unknown }>
}

export interface RemoteRequest {
  message: IncomingMessage
  response?: ServerResponse
  upgrade?: { socket: Duplex; head: Buffer }
  user: UserInfo
}

export interface LocalRequest {
  method: string
  /** With its query string. */
  path: string
  accept: string | undefined
  body?: unknown
  contentType?: string | undefined
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
    ask: (service, request) => ask(options, service, request),
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
  const { message, response, upgrade, user } = request
  const connection = await reach(options, service)
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

/** Connects to a service that is available. @throws ApiError 503 */
async function reach(options: AggregatorOptions, service: APIService): Promise<TLSSocket> {
  const available = service.status?.conditions?.find(({ type }) => type === 'Available')
  if (available && available.status !== 'True') throw serviceUnavailable('service unavailable')
  try {
    return await connectTo(options, service)
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
}

/** Longest time for the answer to a client within the process, ms. */
const askTimeoutMs = 30_000

async function ask(options: AggregatorOptions, service: APIService, asked: LocalRequest): Promise<unknown> {
  const { method, path, accept = 'application/json', body, contentType = 'application/json', user } = asked
  const connection = await reach(options, service)
  const headers = {
    accept,
    host: hostOf(service),
    ...userHeaders(user),
    ...(body === undefined ? {} : { 'content-type': contentType }),
  }
  const text = body === undefined ? undefined : JSON.stringify(body)
  let answer: Answered
  try {
    answer = await exchange(connection, { method, path, headers, timeoutMs: askTimeoutMs }, text)
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
  const value = parseJson(answer.text)
  if (answer.code >= 200 && answer.code < 300 && value !== undefined) return value
  throw isStatus(value) ? new ApiError(value) : refusalOf(answer)
}

const isStatus = (value: unknown): value is Status =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'code' in value

/** The error of an answer that is no Status. */
const refusalOf = ({ code, text }: Answered): ApiError =>
  code === 404
    ? failure(404, 'NotFound', 'the server could not find the requested resource')
    : code >= 400
      ? failure(code, 'Unknown', text.slice(0, 1_000) || `the server responded with the status code ${code}`)
      : serviceUnavailable('the answer of the service cannot be read')

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
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
  const connection = await connectTo(options, service)
  const headers = { accept, host: hostOf(service), ...userHeaders(aggregatorUser) }
  const { code, type, text } = await exchange(connection, { method: 'GET', path, headers, timeoutMs })
  if (code !== 200) throw new Error(`bad status from https://${hostOf(service)}${path}: ${code}`)
  return { type, body: JSON.parse(text) as unknown }
}

interface Answered {
  code: number
  type: string
  text: string
}

/** Maximum size of an answer that is read into memory, characters. */
const largestAnswer = 64 * 2 ** 20

/** Sends one request over `connection`, and closes it. @throws Error */
async function exchange(
  connection: Duplex,
  asked: { method: string; path: string; headers: Record<string, string | string[]>; timeoutMs: number },
  body?: string,
): Promise<Answered> {
  const { method, path, headers, timeoutMs } = asked
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ createConnection: () => connection, method, path, signal, headers })
        .once('response', resolve)
        .once('error', reject)
        .end(body)
    })
    let text = ''
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk
      if (text.length > largestAnswer) throw new Error('the answer is too large')
    }
    return { code: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', text }
  } finally {
    connection.destroy()
  }
}
