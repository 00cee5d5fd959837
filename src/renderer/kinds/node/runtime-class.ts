import type { RuntimeClass } from '#shared/kube/generated/types.ts'
import { runtimeClasses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const runtimeClass = describe<RuntimeClass>({
  resource: runtimeClasses,
  title: 'RuntimeClasses',
  group: 'scheduling',
  columns: [{ id: 'handler', value: ({ handler }) => handler }],
})
