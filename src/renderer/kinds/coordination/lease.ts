import type { Lease } from '#shared/kube/generated/types.ts'
import { leases } from '#shared/kube/resources.ts'
import { age } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const lease = describe<Lease>({
  resource: leases,
  title: 'Leases',
  group: 'Cluster',
  columns: [
    { id: 'holder', title: 'Holder', value: ({ spec }) => spec?.holderIdentity ?? '' },
    {
      id: 'renewed',
      title: 'Renewed',
      value: ({ spec }) => -Date.parse(spec?.renewTime ?? ''),
      text: ({ spec }, now) => age(spec?.renewTime, now),
      width: '90px',
    },
  ],
})
