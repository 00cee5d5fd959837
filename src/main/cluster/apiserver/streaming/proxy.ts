import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as tlsConnect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '#shared/kube/error-kinds.ts'
import type { Pod, Service } from '#shared/kube/generated/types.ts'
import { badRequest, serviceUnavailable } from '#shared/kube/status.ts'
import type { NodeConnector, NodeRequest } from '../egress/node-connector.ts'
import type { ConnectHandler, ConnectRequest } from '../api/connect.ts'
import { readyEndpoints } from '../egress/service-dialer.ts'
import { forward, forwardedHeaders } from './forward.ts'
import { nodeOf } from './pod-node.ts'
import { rewriteFor } from './rewrite.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** `pods/proxy`, `services/proxy`, `nodes/proxy`: HTTP to what runs in the cluster. */
export const proxyHandlers = ({ connector }: { connector: NodeConnector }): ConnectHandler[] => {
  const handler = (resource: string, handle: ConnectHandler['handle']): ConnectHandler => ({
    group: '',
    resource,
    subresource: 'proxy',
    methods,
    objectName: (name) => splitProxyName(name).name,
    handle,
  })
  return [
    handler('pods', (request) => proxy(connector, request, podTarget(request))),
    handler('services', (request) => proxy(connector, request, serviceTarget(request))),
    handler('nodes', (request) => proxyToNode(connector, request)),
  ]
}

interface Target {
  node: string
  host: string
  port: number
  tls: boolean
}

/** `[scheme:]name[:port]`, as the path of a proxy request names its target. */
export function splitProxyName(text: string): { scheme: string; name: string; port: string } {
  const parts = text.split(':')
  if (parts.length === 3) return { scheme: parts[0] ?? '', name: parts[1] ?? '', port: parts[2] ?? '' }
  return { scheme: '', name: parts[0] ?? '', port: parts[1] ?? '' }
}

/** @throws ApiError 400 while the pod has no address */
function podTarget({ name, object }: ConnectRequest): Target {
  const pod: Pod = object
  const { scheme, port } = splitProxyName(name)
  const host = pod.status?.podIP
  if (!host) throw badRequest('address not allowed')
  const ports = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? []
  const number =
    port === '' ? ports[0]?.containerPort : (ports.find((one) => one.name === port)?.containerPort ?? Number(port))
  return { node: nodeOf(object), host, port: number || 80, tls: scheme === 'https' }
}

/** @throws ApiError 400 or 503 */
function serviceTarget({ name, namespace, object, reader }: ConnectRequest): Target {
  const service: Service = object
  const asked = splitProxyName(name)
  const ports = service.spec?.ports ?? []
  const port =
    asked.port === '' && ports.length === 1
      ? ports[0]
      : ports.find((one) => one.name === asked.port || String(one.port) === asked.port)
  if (!port) throw serviceUnavailable(`no service port "${asked.port}" found for service "${asked.name}"`)
  const endpoints = readyEndpoints(reader, namespace, asked.name, port.name ?? '')
  const chosen = endpoints[Math.floor(Math.random() * endpoints.length)]
  if (!chosen) throw serviceUnavailable(`no endpoints available for service "${asked.name}"`)
  return { ...chosen, tls: asked.scheme === 'https' }
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

/** Relative links of a page at `…/proxy` would lose its last part: as Kubernetes does, its reader is sent to `…/proxy/`. */
function redirectsToRoot({ path, message }: ConnectRequest, response: ServerResponse): boolean {
  if (path !== '' || (message.method !== 'GET' && message.method !== 'HEAD')) return false
  const { pathname, query } = splitTarget(message)
  response.writeHead(301, { location: `${pathname}/${query}` }).end()
  return true
}

/** What stands before the target's own path in that of the request. */
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
    const connection = await connector.connect(node, `${host}:${port}`)
    connection.on('error', () => undefined)
    // Like Kubernetes' proxy, which trusts whatever certificate a pod shows.
    return tls ? tlsConnect({ socket: connection, rejectUnauthorized: false }) : connection
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
}

/** The kubelet's own API. @throws ApiError 503 */
async function proxyToNode(connector: NodeConnector, request: ConnectRequest): Promise<void> {
  const { message, response, object } = request
  if (!response) throw badRequest('upgrades to a node are not supported')
  const node = object.metadata.name ?? ''
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

function pathOf({ path, message }: ConnectRequest): string {
  return (path === '' ? '/' : path) + splitTarget(message).query
}
