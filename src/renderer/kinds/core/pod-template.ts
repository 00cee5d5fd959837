import type { PodTemplate } from '#shared/kube/generated/types.ts'
import { podTemplates } from '#shared/kube/resources.ts'
import { images } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const podTemplate = describe<PodTemplate>({
  resource: podTemplates,
  title: 'PodTemplates',
  group: 'workloads',
  columns: [{ id: 'images', value: ({ template }) => images(template) }],
})
