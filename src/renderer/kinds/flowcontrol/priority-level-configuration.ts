import type { PriorityLevelConfiguration } from '#shared/kube/generated/types.ts'
import { priorityLevelConfigurations } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const priorityLevelConfiguration = describe<PriorityLevelConfiguration>({
  resource: priorityLevelConfigurations,
  title: 'PriorityLevelConfigurations',
  group: 'api',
  columns: [
    { id: 'type', value: ({ spec }) => spec?.type ?? '', width: '110px' },
    {
      id: 'shares',
      value: ({ spec }) => (spec?.limited ?? spec?.exempt)?.nominalConcurrencyShares ?? 0,
      numeric: true,
      width: '104px',
    },
    { id: 'onLimit', value: ({ spec }) => spec?.limited?.limitResponse?.type ?? '', width: '130px' },
  ],
})
