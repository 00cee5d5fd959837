import type { ResourceClaimTemplate } from '#shared/kube/generated/types.ts'
import { resourceClaimTemplates } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const resourceClaimTemplate = describe<ResourceClaimTemplate>({
  resource: resourceClaimTemplates,
  title: 'ResourceClaimTemplates',
  group: 'scheduling',
  columns: [
    { id: 'requests', value: ({ spec }) => (spec.spec.devices?.requests ?? []).map(({ name }) => name).join(', ') },
  ],
})
