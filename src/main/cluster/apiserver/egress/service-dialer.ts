import type { Duplex } from 'node:stream'
import type { ObjectReference } from '#shared/kube/generated/types.ts'
import { endpointSlices, services } from '#shared/kube/resources.ts'
import type { NodeConnector } from './node-connector.ts'
import type { ObjectReader } from '../api/reader.ts'

/**
 * Connects to a Service of the cluster. The host has no route to it, so the connection goes through the tunnel of the
 * node of a ready endpoint. @throws Error whose message the caller prefixes
 */
export type ServiceDialer = (namespace: string, name: string, port: number) => Promise<Duplex>

export function createServiceDialer({
  connector,
  reader,
}: {
  connector: NodeConnector
  reader: ObjectReader
}): ServiceDialer {
  return async (namespace, name, port) => {
    const service = reader.get(services, namespace, name)
    if (!service) throw new Error(`service "${name}" not found`)
    if (service.spec?.type === 'ExternalName') throw new Error(`unsupported service type "ExternalName"`)
    const named = service.spec?.ports?.find((one) => one.port === port)
    if (!named) throw new Error(`no service port ${port} found for service "${name}"`)
    const endpoints = readyEndpoints(reader, namespace, name, named.name ?? '')
    const chosen = endpoints[Math.floor(Math.random() * endpoints.length)]
    if (!chosen) throw new Error(`no endpoints available for service "${name}"`)
    return connector.connect(
      chosen.node,
      `${chosen.host.includes(':') ? `[${chosen.host}]` : chosen.host}:${chosen.port}`,
    )
  }
}

export interface ReadyEndpoint {
  node: string
  host: string
  port: number
  /** The endpoint's targetRef. It is unverified: whoever writes the EndpointSlice sets it. */
  target: ObjectReference | undefined
}

/** The ready endpoints of a Service port, by the port's name. */
export function readyEndpoints(
  reader: ObjectReader,
  namespace: string,
  service: string,
  portName: string,
): ReadyEndpoint[] {
  const slices = reader
    .list(endpointSlices, namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
  return slices.flatMap(({ endpoints, ports }) => {
    const port = ports?.find(({ name }) => (name ?? '') === portName)?.port
    if (port === undefined) return []
    return (endpoints ?? []).flatMap(({ addresses, conditions, nodeName, targetRef }) =>
      nodeName && conditions?.ready !== false && addresses[0]
        ? [{ node: nodeName, host: addresses[0], port, target: targetRef }]
        : [],
    )
  })
}
