import type { Informer } from '#shared/client/informer.ts'
import { clusterIpsOf } from '#shared/kube/cluster-ips.ts'
import type { EndpointSlice, Namespace, Service } from '#shared/kube/generated/types.ts'
import type { DnsSource } from './records.ts'

/** The cluster's data for DNS, from informers; indexes make every look-up one step. */
export function createDnsSource({
  services,
  slices,
  namespaces,
}: {
  services: Informer<Service>
  slices: Informer<EndpointSlice>
  namespaces: Informer<Namespace>
}): DnsSource {
  const label = 'kubernetes.io/service-name'
  slices.addIndex(
    'service',
    ({ metadata }) => metadata.labels?.[label] && `${metadata.namespace}/${metadata.labels[label]}`,
  )
  slices.addIndex('address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))
  services.addIndex('clusterIp', clusterIpsOf)
  return {
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    slicesOf: (namespace, name) => slices.byIndex('service', `${namespace}/${name}`),
    hasNamespace: (namespace) => namespaces.get(namespace) !== undefined,
    serviceByIp: (ip) => services.byIndex('clusterIp', ip)[0],
    endpointByIp(ip) {
      for (const slice of slices.byIndex('address', ip)) {
        const namespace = slice.metadata.namespace
        const service = slice.metadata.labels?.[label] ?? ''
        if (services.get(`${namespace}/${service}`)?.spec?.clusterIP !== 'None') continue
        const endpoint = slice.endpoints?.find(({ addresses }) => addresses.includes(ip))
        return { namespace, service, label: endpoint?.hostname ?? ip.replace(/[.:]/g, '-') }
      }
      return undefined
    },
  }
}
