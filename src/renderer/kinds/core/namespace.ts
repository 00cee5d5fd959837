import type { Namespace } from '#shared/kube/generated/types.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const namespace = describe<Namespace>({
  resource: namespaces,
  title: 'Namespaces',
  group: 'cluster',
  columns: [
    {
      id: 'status',
      value: ({ status }) => status?.phase ?? '',
      tone: ({ status }) => (status?.phase === 'Active' ? 'good' : 'quiet'),
    },
  ],
})
