import type { LoadBalancerStatus, Service, ServicePort } from '#shared/kube/generated/types.ts'

/** Finalizer of upstream's service controller: the Service goes once its listeners are closed. */
export const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup'
/** Which port of the host serves which port of the Service, where they differ: `80/TCP=8080,443/TCP=8443`. */
export const hostPortsAnnotation = 'slipway.dev/host-ports'
/** Class of load balancers that is served besides Services without a class. */
export const ownClass = 'slipway.dev/loopback'

/** What is to be done about a Service: `ensure` its listeners, `release` them with status and finalizer, or nothing. */
export function actionFor(service: Service): 'ensure' | 'release' | 'ignore' {
  const { metadata, spec } = service
  const isOwn = metadata.finalizers?.includes(cleanupFinalizer) ?? false
  const { loadBalancerClass } = spec ?? {}
  if (loadBalancerClass !== undefined && loadBalancerClass !== ownClass) return 'ignore'
  if (spec?.type === 'LoadBalancer' && !metadata.deletionTimestamp) return 'ensure'
  return isOwn ? 'release' : 'ignore'
}

/** A port that is to be listened on, with the port of an earlier run. */
export interface WantedPort {
  /** `80/TCP` */
  id: string
  servicePort: ServicePort
  /** Ports to try first, in order. */
  first: number[]
}

export const portId = ({ port, protocol }: Pick<ServicePort, 'port' | 'protocol'>): string =>
  `${port}/${protocol ?? 'TCP'}`

/** The ports of a Service that are served; each prefers the port that it had before. */
export function wantedPorts(service: Service): WantedPort[] {
  const kept = readHostPorts(service.metadata.annotations?.[hostPortsAnnotation])
  return (service.spec?.ports ?? []).filter(isServed).map((servicePort) => {
    const id = portId(servicePort)
    const before = kept.get(id)
    return {
      id,
      servicePort,
      first: before === undefined || before === servicePort.port ? [servicePort.port] : [before, servicePort.port],
    }
  })
}

/** The tunnels carry TCP and UDP. Few systems but Linux know SCTP, and Node.js does not. */
export const isServed = ({ protocol }: ServicePort): boolean => protocol !== 'SCTP'

/** @returns the ports by id; parts that are not valid are left out */
export function readHostPorts(text: string | undefined): Map<string, number> {
  const ports = new Map<string, number>()
  for (const part of (text ?? '').split(',')) {
    const [, id, digits] = /^(\d{1,5}\/(?:TCP|UDP|SCTP))=(\d{1,5})$/.exec(part.trim()) ?? []
    const port = Number(digits)
    if (id !== undefined && port >= 1 && port <= 65_535) ports.set(id, port)
  }
  return ports
}

/** The annotation's value; undefined where every port is served by the port of the same number. */
export function hostPortsText(service: Service, bound: ReadonlyMap<string, number>): string | undefined {
  const parts = (service.spec?.ports ?? []).flatMap((one) => {
    const port = bound.get(portId(one))
    return port === undefined || port === one.port ? [] : [`${portId(one)}=${port}`]
  })
  return parts.length > 0 ? parts.join(',') : undefined
}

/**
 * The status of a served Service. `ports` are those of the host, in the order of `spec.ports`; one that is not served
 * carries the reason. `ipMode: Proxy` keeps the nodes' service proxy from capturing 127.0.0.1.
 */
export function loadBalancerStatus(service: Service, bound: ReadonlyMap<string, number>): LoadBalancerStatus {
  const ports = (service.spec?.ports ?? []).map((one) => {
    const protocol = one.protocol ?? 'TCP'
    const port = bound.get(portId(one))
    if (port !== undefined) return { port, protocol }
    return { port: one.port, protocol, error: isServed(one) ? 'PortNotAvailable' : 'ProtocolNotSupported' }
  })
  return { ingress: [{ ip: '127.0.0.1', ipMode: 'Proxy', ports }] }
}

/** How long a client keeps its endpoint, ms; undefined without session affinity. 3 hours is Kubernetes' default. */
export function affinityMs({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined
  return (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) * 1_000
}
