import type { EndpointSlice } from '#shared/kube/generated/types.ts'
import { endpointSlices } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

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
