import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { isTrue } from '#shared/base/is-true.ts'
import { fieldForbidden, fieldInvalid, invalid, type FieldError } from '#shared/kube/status.ts'
import { acceptWebSocket, chooseProtocol } from '#streaming/web-socket.ts'
import type { NodeConnector } from '../egress/node-connector.ts'
import type { ConnectHandler, ConnectRequest } from '../api/connect.ts'
import { askNode, chooseContainer, queryOf } from './pod-node.ts'

const flags = ['follow', 'previous', 'timestamps']
const values = ['sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes', 'stream']

/** `pods/log`: a container's log, from the node that runs it. */
export const logHandler = ({ connector }: { connector: NodeConnector }): ConnectHandler => ({
  group: '',
  resource: 'pods',
  subresource: 'log',
  methods: ['GET'],
  handle: (request) => sendLog(connector, request),
})

async function sendLog(connector: NodeConnector, request: ConnectRequest): Promise<void> {
  const { namespace, name, object, query, response } = request
  refuseInvalid(name, query)
  const container = chooseContainer(object, query.get('container'))
  const node = (object as { spec?: { nodeName?: string } }).spec?.nodeName
  // An unscheduled pod has an empty log.
  if (!node) {
    if (response) response.writeHead(200, { 'Content-Type': 'text/plain' }).end()
    return
  }
  const parameters = [
    ...flags.flatMap((flag): [string, string][] => (isTrue(query.get(flag) ?? '') ? [[flag, 'true']] : [])),
    ...values.flatMap((option): [string, string][] => {
      const value = query.get(option)
      return value === null || value === '' ? [] : [[option, value]]
    }),
  ]
  const path = `/containerLogs/${namespace}/${name}/${container}${queryOf(parameters)}`
  const { stream } = await askNode(connector, node, { method: 'GET', path, end: true })
  if (response) {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' })
    response.flushHeaders()
    await pipeline(stream, response).catch(() => response.destroy())
  } else await sendOverWebSocket(request, stream)
}

async function sendOverWebSocket(
  { message, upgrade }: ConnectRequest,
  log: AsyncIterable<Buffer> & { destroy(): void },
): Promise<void> {
  if (!upgrade) return
  const protocol = chooseProtocol(message, ['binary.k8s.io', 'base64.binary.k8s.io'], true)
  const { socket } = await acceptWebSocket(message, upgrade, protocol)
  socket.once('close', () => log.destroy())
  try {
    for await (const chunk of log) {
      socket.send(protocol.startsWith('base64') ? chunk.toString('base64') : chunk)
      // Backpressure: a slow client pauses the log instead of filling the memory.
      if (socket.bufferedAmount > 1024 * 1024) await once(upgrade.socket, 'drain')
    }
  } catch {
    // The client or the node has disconnected.
  }
  socket.close(1000)
}

/** @throws ApiError 422 */
function refuseInvalid(name: string, query: URLSearchParams): void {
  const errors: FieldError[] = []
  const atLeast = (option: string, least: number, detail: string): void => {
    const value = query.get(option)
    if (value !== null && value !== '' && !(Number(value) >= least))
      errors.push(fieldInvalid(option, Number(value), detail))
  }
  atLeast('tailLines', 0, 'must be greater than or equal to 0')
  atLeast('limitBytes', 1, 'must be greater than 0')
  atLeast('sinceSeconds', 1, 'must be greater than 0')
  if (query.get('sinceSeconds') && query.get('sinceTime'))
    errors.push(fieldForbidden('sinceSeconds', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  if (errors.length > 0) throw invalid('PodLogOptions', '', name, errors)
}
