import { badRequest } from '#shared/kube/status.ts'
import { requireStreams, streamsOf, type CommandStreams } from '#streaming/command-client.ts'
import { serveCommand } from '#streaming/command.ts'
import type { NodeConnector } from '../egress/node-connector.ts'
import type { ConnectHandler, ConnectRequest } from '../api/connect.ts'
import { askNode, chooseContainer, nodeOf, queryOf } from './pod-node.ts'

/** `pods/exec` and `pods/attach`: joins the client's streams to those of a command on the node. */
export const commandHandlers = ({ connector }: { connector: NodeConnector }): ConnectHandler[] =>
  (['exec', 'attach'] as const).map((subresource) => ({
    group: '',
    resource: 'pods',
    subresource,
    handle: (request) => run(connector, subresource, request),
  }))

async function run(connector: NodeConnector, action: 'exec' | 'attach', request: ConnectRequest): Promise<void> {
  const { message, upgrade, query } = request
  const streams = streamsOf(query)
  const path = nodePath(action, request, streams)
  if (!upgrade) throw badRequest('Upgrade request required')
  const start = async () => (await askNode(connector, nodeOf(request.object), { method: 'POST', path })).stream
  await serveCommand({ message, upgrade, streams, start })
}

/** The URL of the command on the node. @throws ApiError 400 */
function nodePath(action: 'exec' | 'attach', request: ConnectRequest, streams: CommandStreams): string {
  const { namespace, name, query, object } = request
  const command = query.getAll('command')
  if (action === 'exec' && command.length === 0)
    throw badRequest('you must specify at least 1 command for the container')
  requireStreams(streams)
  const container = chooseContainer(object, query.get('container'))
  const flags = Object.entries(streams).flatMap(([flag, isSet]): [string, string][] => (isSet ? [[flag, '1']] : []))
  const parameters = [...command.map((word): [string, string] => ['command', word]), ...flags]
  return `/${action}/${namespace}/${name}/${container}${queryOf(parameters)}`
}
