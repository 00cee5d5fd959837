import type { Service, ServiceSpec } from '#shared/kube/generated/types.ts'
import type { Wire } from '../../../api/wire.ts'

/** Default session affinity timeout in seconds (three hours). */
const affinityTimeout = 10_800

/** Sets the defaults of a Service, except the addresses and ports that the server allocates. */
export function setServiceDefaults(object: Wire<Service>): void {
  const spec = (object.spec ??= {})
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  else {
    spec.sessionAffinityConfig ??= {}
    spec.sessionAffinityConfig.clientIP ??= {}
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= affinityTimeout
  }
  spec.type ||= 'ClusterIP'
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP'
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster'
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

export const isExternallyAccessible = ({ type, externalIPs }: Wire<ServiceSpec>): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0)
