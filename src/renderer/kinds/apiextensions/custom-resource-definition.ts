import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import { conditionColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const customResourceDefinition = describe<CustomResourceDefinition>({
  resource: customResourceDefinitions,
  title: 'CustomResourceDefinitions',
  group: 'api',
  columns: [
    conditionColumn('Established'),
    // The name ends with it.
    { id: 'group', value: ({ spec }) => spec.group, width: 'minmax(170px,1fr)', drop: 1 },
    { id: 'kind', value: ({ spec }) => spec.names.kind, width: 'minmax(150px,1fr)' },
    { id: 'scope', value: ({ spec }) => spec.scope, width: '110px' },
    {
      id: 'versions',
      value: ({ spec }) =>
        spec.versions
          .filter(({ served }) => served)
          .map(({ name }) => name)
          .join(', '),
      width: 'minmax(130px,0.6fr)',
    },
  ],
})
