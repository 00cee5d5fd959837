import type { CSIStorageCapacity } from '#shared/kube/generated/types.ts'
import { csiStorageCapacities } from '#shared/kube/resources.ts'
import { selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const csiStorageCapacity = describe<CSIStorageCapacity>({
  resource: csiStorageCapacities,
  title: 'CSIStorageCapacities',
  group: 'storage',
  columns: [
    { id: 'class', value: ({ storageClassName }) => storageClassName, isName: true },
    { id: 'capacity', value: ({ capacity }) => capacity ?? '', width: '110px' },
    { id: 'largest', value: ({ maximumVolumeSize }) => maximumVolumeSize ?? '', width: '130px' },
    { id: 'topology', value: ({ nodeTopology }) => selectorText(nodeTopology) },
  ],
})
