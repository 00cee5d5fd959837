import type { PriorityClass } from '#shared/kube/generated/types.ts'
import { priorityClasses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const priorityClass = describe<PriorityClass>({
  resource: priorityClasses,
  title: 'PriorityClasses',
  group: 'scheduling',
  columns: [
    { id: 'value', value: ({ value }) => value ?? 0, numeric: true, width: '130px' },
    { id: 'default', value: ({ globalDefault }) => String(globalDefault ?? false), width: '90px' },
    { id: 'preemption', value: ({ preemptionPolicy }) => preemptionPolicy ?? '', width: '180px' },
    { id: 'description', value: ({ description }) => description ?? '' },
  ],
})
