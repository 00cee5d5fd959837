import type { Endpoints, Ingress, IngressClass, NetworkPolicy, Service } from '#shared/kube/generated/types.ts'
import { endpoints, ingressClasses, ingresses, networkPolicies, services } from '#shared/kube/resources.ts'
import {
  clustered,
  created,
  deleted,
  each,
  info,
  namespaced,
  resourceVersion,
  value,
  type KindMetrics,
  type Sample,
} from './family.ts'

export const serviceMetrics: KindMetrics<Service> = {
  resource: services,
  prefix: 'kube_service',
  identity: ({ metadata: { namespace, name, uid } }) => ({ namespace, service: name, uid }),
  families: [
    info('Addresses of a service.', ({ spec }) => ({
      cluster_ip: spec?.clusterIP,
      external_name: spec?.externalName,
      external_traffic_policy: spec?.externalTrafficPolicy,
      load_balancer_ip: spec?.loadBalancerIP,
    })),
    created(),
    deleted(),
    info('Type of a service.', ({ spec }) => ({ type: spec?.type }), 'spec_type'),
    each('spec_external_ip', 'External addresses.', ({ spec }) =>
      (spec?.externalIPs ?? []).map((ip) => [{ external_ip: ip }, 1]),
    ),
    each('status_load_balancer_ingress', 'Addresses of the load balancer.', ({ status }) =>
      (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => [{ ip, hostname }, 1]),
    ),
    each('ports', 'Ports of a service.', ({ spec }) =>
      (spec?.ports ?? []).map((port) => [
        {
          port_name: port.name,
          port_protocol: port.protocol,
          port_number: port.port,
          port_target: port.targetPort,
          port_app_protocol: port.appProtocol,
          port_node_number: port.nodePort,
        },
        1,
      ]),
    ),
  ],
}

export const endpointMetrics: KindMetrics<Endpoints> = {
  resource: endpoints,
  prefix: 'kube_endpoint',
  identity: namespaced('endpoint'),
  families: [
    info('The endpoints of a service.'),
    created(),
    each('address', 'Addresses of the endpoints.', ({ subsets }) =>
      (subsets ?? []).flatMap(({ addresses, notReadyAddresses }): Sample[] => [
        ...(addresses ?? []).map(({ ip }): Sample => [{ ip, ready: true }, 1]),
        ...(notReadyAddresses ?? []).map(({ ip }): Sample => [{ ip, ready: false }, 1]),
      ]),
    ),
    each('ports', 'Ports of the endpoints.', ({ subsets }) =>
      (subsets ?? []).flatMap(({ ports }) =>
        (ports ?? []).map(({ name, protocol, port }): Sample => [
          { port_name: name, port_protocol: protocol, port_number: port },
          1,
        ]),
      ),
    ),
  ],
}

export const ingressMetrics: KindMetrics<Ingress> = {
  resource: ingresses,
  prefix: 'kube_ingress',
  identity: namespaced('ingress'),
  families: [
    info('Class of an ingress.', ({ metadata, spec }) => ({
      ingressclass: spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'] ?? '_default',
    })),
    created(),
    resourceVersion(),
    each('path', 'Paths and where they lead.', ({ spec }) =>
      (spec?.rules ?? []).flatMap(({ host, http }) =>
        (http?.paths ?? []).map(({ path, pathType, backend }): Sample => {
          const at = { host, path, path_type: pathType }
          if (backend.service)
            return [
              {
                ...at,
                service_name: backend.service.name,
                service_port: backend.service.port?.name ?? backend.service.port?.number,
              },
              1,
            ]
          const { apiGroup, kind, name } = backend.resource ?? {}
          return [{ ...at, resource_api_group: apiGroup, resource_kind: kind, resource_name: name }, 1]
        }),
      ),
    ),
    each('tls', 'Hosts and their certificates.', ({ spec }) =>
      (spec?.tls ?? []).flatMap(({ hosts, secretName }) =>
        (hosts ?? []).map((host): Sample => [{ tls_host: host, secret: secretName }, 1]),
      ),
    ),
  ],
}

export const ingressClassMetrics: KindMetrics<IngressClass> = {
  resource: ingressClasses,
  prefix: 'kube_ingressclass',
  identity: clustered('ingressclass'),
  families: [info('Controller of an ingress class.', ({ spec }) => ({ controller: spec?.controller })), created()],
}

export const networkPolicyMetrics: KindMetrics<NetworkPolicy> = {
  resource: networkPolicies,
  prefix: 'kube_networkpolicy',
  identity: namespaced('networkpolicy'),
  families: [
    created(),
    value('spec_ingress_rules', 'Rules for what comes in.', ({ spec }) => spec?.ingress?.length ?? 0),
    value('spec_egress_rules', 'Rules for what goes out.', ({ spec }) => spec?.egress?.length ?? 0),
  ],
}
