import type { ServiceCIDR } from '#shared/kube/generated/types.ts'
import { serviceCidrs } from '#shared/kube/resources.ts'
import { conditionColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const serviceCidr = describe<ServiceCIDR>({
  resource: serviceCidrs,
  title: 'ServiceCIDRs',
  group: 'network',
  columns: [{ id: 'cidrs', value: ({ spec }) => (spec?.cidrs ?? []).join(', ') }, conditionColumn('Ready')],
})
