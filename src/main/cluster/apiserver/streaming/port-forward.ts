import { badRequest } from '#shared/kube/status.ts'
import { servePortForward, type Dial } from '#streaming/port-forward.ts'
import type { NodeConnector } from '../egress/node-connector.ts'
import type { ConnectHandler, ConnectRequest } from '../api/connect.ts'
import { askNode, nodeOf } from './pod-node.ts'

/** `pods/portforward`: TCP connections from the client to ports of a pod. */
export const portForwardHandler = ({ connector }: { connector: NodeConnector }): ConnectHandler => ({
  group: '',
  resource: 'pods',
  subresource: 'portforward',
  handle: (request) => forward(connector, request),
})

async function forward(connector: NodeConnector, request: ConnectRequest): Promise<void> {
  const { message, upgrade, namespace, name, object, query } = request
  if (!upgrade) throw badRequest('Upgrade request required')
  const node = nodeOf(object)
  const dial: Dial = async (port) => {
    const path = `/portForward/${namespace}/${name}?port=${port}`
    return (await askNode(connector, node, { method: 'POST', path })).stream
  }
  await servePortForward({ message, upgrade, ports: query.getAll('ports'), dial })
}
