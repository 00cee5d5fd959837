import type { EndpointSlice, Service, ServicePort } from '#shared/kube/generated/types.ts'

/** Where a connection to a Service may go: a pod's address and port, and the node whose tunnel leads there. */
export interface Endpoint {
  node: string
  host: string
  port: number
}

/**
 * The endpoints that get new connections: the ready ones; where there are none, those that still serve while they
 * terminate, as kube-proxy does (KEP-1669). Endpoints without a node are left out: no tunnel leads to them.
 */
export function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[]): Endpoint[] {
  const all = slices.flatMap(({ endpoints, ports }) => {
    const found = ports?.find(
      ({ name, protocol }) => (name ?? '') === (port.name ?? '') && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )?.port
    if (found === undefined) return []
    return (endpoints ?? []).flatMap(({ addresses, conditions, nodeName }) => {
      const host = addresses[0]
      return nodeName && host ? [{ conditions, endpoint: { node: nodeName, host, port: found } }] : []
    })
  })
  const ready = all.filter(({ conditions }) => conditions?.ready !== false)
  const usable =
    ready.length > 0
      ? ready
      : all.filter(({ conditions }) => conditions?.serving === true && conditions.terminating === true)
  return usable.map(({ endpoint }) => endpoint)
}

/** `ip:port`, with brackets around IPv6. */
export const authorityOf = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** The port of a Service that an Ingress or a listener names. */
export const servicePortOf = (service: Service, wanted: { name?: string; number?: number }): ServicePort | undefined =>
  service.spec?.ports?.find(({ name, port }) =>
    wanted.number === undefined ? name === wanted.name && name !== undefined : port === wanted.number,
  )

/** `namespace/name` of the Service that a slice belongs to. */
export const serviceKeyOf = ({ metadata }: EndpointSlice): string | undefined => {
  const service = metadata.labels?.['kubernetes.io/service-name']
  return service === undefined ? undefined : `${metadata.namespace ?? ''}/${service}`
}
