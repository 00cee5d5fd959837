import type { CSINode } from '#shared/kube/generated/types.ts'
import { csiNodes } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const csiNode = describe<CSINode>({
  resource: csiNodes,
  title: 'CSINodes',
  group: 'storage',
  columns: [
    { id: 'drivers', value: ({ spec }) => spec.drivers.map(({ name }) => name).join(', ') },
    { id: 'driverCount', value: ({ spec }) => spec.drivers.length, numeric: true, width: '90px' },
  ],
})
