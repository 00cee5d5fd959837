import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as tlsConnect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '#shared/base/message-of.ts'
import type { Node, Pod, Service } from '#shared/kube/generated/types.ts'
import { pods } from '#shared/kube/resources.ts'
import { ApiError, badRequest, serviceUnavailable } from '#shared/kube/status.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { NodeConnector, NodeRequest } from '../egress/node-connector.ts'
import type { ConnectHandler, ConnectRequest } from '../api/connect.ts'
import { readyEndpoints, type ReadyEndpoint } from '../egress/service-dialer.ts'
import { forward, forwardedHeaders } from './forward.ts'
import { nodeOf } from './pod-node.ts'
import { rewriteFor } from './rewrite.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export interface ProxyOptions {
  connector: NodeConnector
  /** The certificate with which upgrades reach the port of a kubelet, and the authority of its own; PEM. */
  kubeletClient: { ca: string; cert: string; key: string }
}

/** `pods/proxy`, `services/proxy`, `nodes/proxy`: HTTP proxies to pods, services and nodes. */
export const proxyHandlers = ({ connector, kubeletClient }: ProxyOptions): ConnectHandler[] => {
  const handler = (resource: string, handle: ConnectHandler['handle']): ConnectHandler => ({
    group: '',
    resource,
    subresource: 'proxy',
    methods,
    objectName: (name) => requireProxyName(resource.slice(0, -1), name).name,
    handle,
  })
  return [
    handler('pods', (request) => proxy(connector, request, podTarget(request))),
    handler('services', (request) => proxy(connector, request, serviceTarget(request))),
    {
      ...handler('nodes', (request) =>
        request.upgrade ? upgradeToNode(connector, request, kubeletClient) : proxyToNode(connector, request),
      ),
      verb: nodeVerb,
    },
  ]
}

interface Target {
  node: string
  host: string
  port: number
  tls: boolean
}

/** Parses the target of a proxy request, `[scheme:]name[:port]`; undefined for other forms. */
export function splitProxyName(text: string): { scheme: string; name: string; port: string } | undefined {
  const [first = '', second = '', port = '', ...more] = text.split(':')
  if (more.length > 0) return undefined
  const isLong = text.split(':').length === 3
  if (isLong && !['', 'http', 'https'].includes(first)) return undefined
  return isLong ? { scheme: first, name: second, port } : { scheme: '', name: first, port: second }
}

/** @throws ApiError 400 */
function requireProxyName(kind: string, text: string): { scheme: string; name: string; port: string } {
  const name = splitProxyName(text)
  if (!name) throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`)
  return name
}

/** @throws ApiError 400 when the pod has no address or no port of that name */
function podTarget({ name, object }: ConnectRequest): Target {
  const pod: Pod = object
  const { scheme, port } = requireProxyName('pod', name)
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP
  if (!host) throw badRequest('address not allowed')
  const ports = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? []
  const number = port === '' ? (ports[0]?.containerPort ?? 80) : ports.find((one) => one.name === port)?.containerPort
  return { node: nodeOf(object), host, port: number ?? portNumber('pod', name, port), tls: scheme === 'https' }
}

/** @throws ApiError 400 */
function portNumber(kind: string, name: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 65_535)
    throw badRequest(`invalid ${kind} request ${JSON.stringify(name)}`)
  return Number(text)
}

/** @throws ApiError 400 or 503 */
function serviceTarget({ name, namespace, object, reader }: ConnectRequest): Target {
  const service: Service = object
  const asked = requireProxyName('service', name)
  const ports = service.spec?.ports ?? []
  const port =
    asked.port === '' && ports.length === 1
      ? ports[0]
      : ports.find((one) => one.name === asked.port || String(one.port) === asked.port)
  if (!port) throw serviceUnavailable(`no service port "${asked.port}" found for service "${asked.name}"`)
  const endpoints = readyEndpoints(reader, namespace, asked.name, port.name ?? '').filter((endpoint) =>
    isOfPod(reader, namespace, endpoint),
  )
  const chosen = endpoints[Math.floor(Math.random() * endpoints.length)]
  if (!chosen) throw serviceUnavailable(`no endpoints available for service "${asked.name}"`)
  return { ...chosen, tls: asked.scheme === 'https' }
}

/**
 * Whether an endpoint is an address of the pod that it refers to (isValidAddress of Kubernetes): otherwise the author
 * of an EndpointSlice could reach other namespaces through the API server.
 */
function isOfPod(reader: ObjectReader, namespace: string, { host, target }: ReadyEndpoint): boolean {
  if (target?.kind !== 'Pod' || target.namespace !== namespace) return false
  const pod = reader.get(pods, namespace, target.name ?? '')
  return pod?.status?.podIP === host || (pod?.status?.podIPs?.some(({ ip }) => ip === host) ?? false)
}

async function proxy(connector: NodeConnector, request: ConnectRequest, target: Target): Promise<void> {
  const { message, upgrade, response } = request
  if (response && redirectsToRoot(request, response)) return
  const prefix = prefixOf(request)
  const requestHost = message.headers.host ?? ''
  await forward({
    message,
    ...(response ? { response } : {}),
    ...(upgrade ? { upgrade } : {}),
    connection: await dial(connector, target),
    path: pathOf(request),
    headers: {
      ...forwardedHeaders(message.headers, upgrade !== undefined),
      'x-forwarded-uri': `${prefix}${request.path}`,
      'x-forwarded-for': message.socket.remoteAddress ?? '',
    },
    rewrite: rewriteFor({ prefix, host: `${target.host}:${target.port}`, requestHost }),
  })
}

/** Redirects `…/proxy` to `…/proxy/`, as Kubernetes does, so that relative links of the page resolve. */
function redirectsToRoot({ path, message }: ConnectRequest, response: ServerResponse): boolean {
  if (path !== '' || (message.method !== 'GET' && message.method !== 'HEAD')) return false
  const { pathname, query } = splitTarget(message)
  response.writeHead(301, { location: `${pathname}/${query}` }).end()
  return true
}

/** The prefix of the request's path before the target's own path. */
function prefixOf({ path, message }: ConnectRequest): string {
  const { pathname } = splitTarget(message)
  return pathname.slice(0, pathname.length - path.length)
}

function splitTarget({ url = '' }: IncomingMessage): { pathname: string; query: string } {
  const mark = url.indexOf('?')
  return mark < 0 ? { pathname: url, query: '' } : { pathname: url.slice(0, mark), query: url.slice(mark) }
}

/** @throws ApiError 503 */
async function dial(connector: NodeConnector, { node, host, port, tls }: Target): Promise<Duplex> {
  try {
    const connection = await connector.connect(node, `${host.includes(':') ? `[${host}]` : host}:${port}`)
    connection.on('error', () => undefined)
    // Kubernetes' proxy does not verify a pod's certificate either.
    return tls ? tlsConnect({ socket: connection, rejectUnauthorized: false }) : connection
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
}

/** Parts of the kubelet's API that run commands in a pod or connect to it. */
const commands = new Set(['attach', 'checkpoint', 'cri', 'debug', 'exec', 'portforward', 'run'])

/**
 * These need the verb `create` on the node, whatever the method: WebSocket handshakes are GET.
 * @throws ApiError 400 for a path that the node might normalize to another one
 */
export function nodeVerb(path: string): 'create' | undefined {
  const [, ...parts] = path.split('/').map(decodedPart)
  const isPlain = parts.every((part, i) => (part !== '' || i === parts.length - 1) && !/^\.{1,2}$|[/\\]/.test(part))
  if (!isPlain) throw badRequest(`invalid path ${JSON.stringify(path)}`)
  return commands.has((parts[0] ?? '').toLowerCase()) ? 'create' : undefined
}

/** @throws ApiError 400 */
function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(part)}`)
  }
}

/** Proxies to the kubelet's API. @throws ApiError 503 */
async function proxyToNode(connector: NodeConnector, request: ConnectRequest): Promise<void> {
  const { message, response, object } = request
  if (!response) return
  const node = object.metadata.name
  const method = (message.method ?? 'GET') as NodeRequest['method']
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE'
  try {
    const answer = await connector.request(node, { method, path: pathOf(request), end: !hasBody })
    if (hasBody) message.pipe(answer.stream)
    response.writeHead(answer.status, forwardedHeaders(answer.headers, false))
    response.flushHeaders()
    await pipeline(answer.stream, response)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
}

/**
 * WebSocket and SPDY sessions go to the kubelet's own port, where the API server is allowed what it has checked here: exec,
 * attach and port-forward need `create` on `nodes/proxy`.
 * @throws ApiError 503
 */
async function upgradeToNode(
  connector: NodeConnector,
  request: ConnectRequest,
  client: ProxyOptions['kubeletClient'],
): Promise<void> {
  const { message, upgrade, object } = request
  const node: Node = object
  const { addresses = [], daemonEndpoints } = node.status ?? {}
  const host = addresses.find(({ type }) => type === 'InternalIP')?.address
  const port = daemonEndpoints?.kubeletEndpoint?.Port
  if (!upgrade || !host || !port) throw serviceUnavailable('the node does not serve the port of its kubelet')
  const socket = await dial(connector, { node: object.metadata.name, host, port, tls: false })
  const connection = tlsConnect({ ...client, socket, host })
  await new Promise<void>((resolve, reject) => {
    connection.once('secureConnect', () => resolve())
    connection.on('error', (error) => reject(serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)))
  })
  await forward({
    message,
    upgrade,
    connection,
    path: pathOf(request),
    headers: forwardedHeaders(message.headers, true),
  })
}

function pathOf({ path, message }: ConnectRequest): string {
  return (path === '' ? '/' : path) + splitTarget(message).query
}
