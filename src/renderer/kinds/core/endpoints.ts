import type { Endpoints } from '#shared/kube/generated/types.ts'
import { endpoints } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const endpointsKind = describe<Endpoints>({
  resource: endpoints,
  title: 'Endpoints',
  group: 'network',
  columns: [
    {
      id: 'addresses',
      value: ({ subsets }) =>
        (subsets ?? [])
          .flatMap(({ addresses, ports }) =>
            (addresses ?? []).flatMap(({ ip }) => (ports ?? []).map(({ port }) => `${ip}:${port}`)),
          )
          .join(', '),
    },
  ],
})
