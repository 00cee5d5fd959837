import type { PodTemplate } from '#shared/kube/generated/types.ts'
import { podTemplates } from '#shared/kube/resources.ts'
import { imagesColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const podTemplate = describe<PodTemplate>({
  resource: podTemplates,
  title: 'PodTemplates',
  group: 'workloads',
  columns: [imagesColumn(({ template }) => template)],
})
