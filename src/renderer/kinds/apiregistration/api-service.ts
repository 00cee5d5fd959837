import type { APIService } from '#shared/kube/generated/types.ts'
import { apiServices } from '#shared/kube/resources.ts'
import { conditionColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const apiService = describe<APIService>({
  resource: apiServices,
  title: 'APIServices',
  group: 'api',
  columns: [
    conditionColumn('Available'),
    {
      id: 'service',
      value: ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local'),
    },
    { id: 'group', value: ({ spec }) => spec?.group ?? '' },
    { id: 'version', value: ({ spec }) => spec?.version ?? '', width: '104px' },
  ],
})
