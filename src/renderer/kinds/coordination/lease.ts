import type { Lease } from '#shared/kube/generated/types.ts'
import { leases } from '#shared/kube/resources.ts'
import { age } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const lease = describe<Lease>({
  resource: leases,
  title: 'Leases',
  group: 'cluster',
  columns: [
    { id: 'holder', value: ({ spec }) => spec?.holderIdentity ?? '' },
    {
      id: 'renewed',
      value: ({ spec }) => -Date.parse(spec?.renewTime ?? ''),
      text: ({ spec }, now) => age(spec?.renewTime, now),
      width: '90px',
    },
  ],
})
