import type { EndpointSlice } from '#shared/kube/generated/types.ts'
import { endpointSlices } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const endpointSlice = describe<EndpointSlice>({
  resource: endpointSlices,
  title: 'EndpointSlices',
  group: 'network',
  columns: [
    { id: 'addressType', value: ({ addressType }) => addressType, width: '110px' },
    {
      id: 'ports',
      value: ({ ports }) => (ports ?? []).map(({ port }) => port ?? '').join(', '),
      width: '110px',
    },
    {
      id: 'endpoints',
      value: ({ endpoints: list }) => (list ?? []).flatMap(({ addresses }) => addresses).join(', '),
    },
  ],
})
