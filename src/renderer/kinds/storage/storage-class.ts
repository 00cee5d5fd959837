import type { StorageClass } from '#shared/kube/generated/types.ts'
import { storageClasses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const storageClass = describe<StorageClass>({
  resource: storageClasses,
  title: 'StorageClasses',
  group: 'storage',
  columns: [
    { id: 'provisioner', value: ({ provisioner }) => provisioner },
    { id: 'reclaim', value: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete', width: '120px' },
    { id: 'binding', value: ({ volumeBindingMode }) => volumeBindingMode ?? '', width: '180px' },
  ],
})
