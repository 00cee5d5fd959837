import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { resourceQuotas } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const resourceQuota = describe<ResourceQuota>({
  resource: resourceQuotas,
  title: 'ResourceQuotas',
  group: 'config',
  columns: [
    {
      id: 'used',
      value: ({ status }) =>
        Object.entries(status?.hard ?? {})
          .map(([name, hard]) => `${name} ${status?.used?.[name] ?? '0'}/${hard}`)
          .join(', '),
      width: 'minmax(200px,3fr)',
    },
  ],
})
