import type { Endpoints, EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import { endpoints, endpointSlices, services } from '#shared/kube/resources.ts'
import { describe, pairs } from './descriptor.ts'

const portsOf = ({ spec }: Service): string =>
  (spec?.ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)
    .join(',')

export const service = describe<Service>({
  resource: services,
  title: 'Services',
  group: 'Network',
  columns: [
    { id: 'type', title: 'Type', value: ({ spec }) => spec?.type ?? '', width: '110px' },
    { id: 'clusterIp', title: 'Cluster IP', value: ({ spec }) => spec?.clusterIP ?? '', width: '130px' },
    { id: 'ports', title: 'Ports', value: portsOf },
    { id: 'selector', title: 'Selector', value: ({ spec }) => pairs(spec?.selector) },
  ],
  details: (object) => [
    ['Type', object.spec?.type ?? ''],
    ['Cluster IP', object.spec?.clusterIP ?? ''],
    ['Ports', portsOf(object)],
    ['Selector', pairs(object.spec?.selector)],
  ],
  logs: ({ spec }) => (spec?.selector ? { selector: pairs(spec.selector) } : undefined),
})

export const endpoint = describe<Endpoints>({
  resource: endpoints,
  title: 'Endpoints',
  group: 'Network',
  columns: [
    {
      id: 'addresses',
      title: 'Endpoints',
      value: ({ subsets }) =>
        (subsets ?? [])
          .flatMap(({ addresses, ports }) =>
            (addresses ?? []).flatMap(({ ip }) => (ports ?? []).map(({ port }) => `${ip}:${port}`)),
          )
          .join(', '),
    },
  ],
})

export const endpointSlice = describe<EndpointSlice>({
  resource: endpointSlices,
  title: 'EndpointSlices',
  group: 'Network',
  columns: [
    { id: 'addressType', title: 'Address type', value: ({ addressType }) => addressType, width: '110px' },
    {
      id: 'ports',
      title: 'Ports',
      value: ({ ports }) => (ports ?? []).map(({ port }) => port ?? '').join(', '),
      width: '110px',
    },
    {
      id: 'endpoints',
      title: 'Endpoints',
      value: ({ endpoints: list }) => (list ?? []).flatMap(({ addresses }) => addresses).join(', '),
    },
  ],
})
