import type { Stored } from './object.ts'
import type { Pod, Service, ServicePort } from './generated/types.ts'
import { isPodReady, isPodTerminal } from './pod.ts'

/** A pod as an endpoint of a Service: its address, whether it gets traffic, and its ports. */
export interface BackEnd {
  pod: Stored<Pod>
  address: string
  /** Gets traffic: ready and not terminating, or the Service publishes unready addresses. */
  ready: boolean
  serving: boolean
  terminating: boolean
  hostname?: string
  ports: BackEndPort[]
}

export interface BackEndPort {
  name: string
  port: number
  protocol: string
  appProtocol?: string
}

/** The endpoints of a Service among `pods`, which are those that its selector matches. */
export function backEndsOf(
  service: Service,
  pods: readonly Stored<Pod>[],
  family: 'IPv4' | 'IPv6' = 'IPv4',
): BackEnd[] {
  const backEnds: BackEnd[] = []
  for (const pod of pods) {
    const address = addressOf(pod, family)
    if (!address || isPodTerminal(pod)) continue
    const serving = isPodReady(pod)
    const terminating = Boolean(pod.metadata.deletionTimestamp)
    const hostname = hostnameOf(service, pod)
    backEnds.push({
      pod,
      address,
      serving,
      terminating,
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      ...(hostname ? { hostname } : {}),
      ports: portsOf(service, pod),
    })
  }
  return backEnds
}

/** The hostname of a pod for DNS, if the Service is the pod's subdomain. */
function hostnameOf(service: Service, { metadata, spec }: Pod): string | undefined {
  const isIts = spec?.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace
  return isIts ? spec?.hostname : undefined
}

function addressOf({ status }: Pod, family: 'IPv4' | 'IPv6'): string | undefined {
  const addresses = [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)]
  return addresses.find((address) => address && address.includes(':') === (family === 'IPv6'))
}

/** A named target port refers to the pod's port of that name; a pod without one has no endpoint for it. */
function portsOf(service: Service, pod: Pod): BackEndPort[] {
  const ports: BackEndPort[] = []
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPort(servicePort, pod)
    if (port === undefined) continue
    ports.push({
      name: servicePort.name ?? '',
      port,
      protocol: servicePort.protocol ?? 'TCP',
      ...(servicePort.appProtocol ? { appProtocol: servicePort.appProtocol } : {}),
    })
  }
  return ports
}

function targetPort({ targetPort: target, port, protocol = 'TCP' }: ServicePort, { spec }: Pod): number | undefined {
  if (target === undefined || target === 0 || target === '') return port
  if (typeof target === 'number') return target
  const sidecars = spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  for (const container of [...(spec?.containers ?? []), ...sidecars]) {
    const named = container.ports?.find(
      (candidate) => candidate.name === target && (candidate.protocol ?? 'TCP') === protocol,
    )
    if (named) return named.containerPort
  }
  return undefined
}

/** Headless: without a cluster IP; DNS answers with the endpoints. */
export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None'

/** Services whose endpoints are selected by labels. */
export const hasSelector = ({ spec }: Service): boolean =>
  spec?.type !== 'ExternalName' && Object.keys(spec?.selector ?? {}).length > 0
