import type { StorageClass } from '#shared/kube/generated/types.ts'
import { storageClasses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const storageClass = describe<StorageClass>({
  resource: storageClasses,
  title: 'StorageClasses',
  group: 'Storage',
  columns: [
    { id: 'provisioner', title: 'Provisioner', value: ({ provisioner }) => provisioner },
    { id: 'reclaim', title: 'Reclaim policy', value: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete', width: '120px' },
    { id: 'binding', title: 'Binding', value: ({ volumeBindingMode }) => volumeBindingMode ?? '', width: '180px' },
  ],
})
