import type { FlowSchema } from '#shared/kube/generated/types.ts'
import { flowSchemas } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const flowSchema = describe<FlowSchema>({
  resource: flowSchemas,
  title: 'FlowSchemas',
  group: 'api',
  columns: [
    { id: 'priorityLevel', value: ({ spec }) => spec?.priorityLevelConfiguration.name ?? '', isName: true },
    { id: 'precedence', value: ({ spec }) => spec?.matchingPrecedence ?? 0, numeric: true, width: '116px' },
    { id: 'distinguisher', value: ({ spec }) => spec?.distinguisherMethod?.type ?? '', width: '140px' },
  ],
})
