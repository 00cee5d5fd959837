import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { persistentVolumeClaims } from '#shared/kube/resources.ts'
import { phaseTone } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const persistentVolumeClaim = describe<PersistentVolumeClaim>({
  resource: persistentVolumeClaims,
  title: 'PersistentVolumeClaims',
  group: 'Storage',
  columns: [
    { id: 'status', title: 'Status', value: ({ status }) => status?.phase ?? '', tone: phaseTone, width: '100px' },
    { id: 'volume', title: 'Volume', value: ({ spec }) => spec?.volumeName ?? '' },
    { id: 'capacity', title: 'Capacity', value: ({ status }) => status?.capacity?.storage ?? '', width: '90px' },
    { id: 'class', title: 'Class', value: ({ spec }) => spec?.storageClassName ?? '', width: '110px' },
  ],
})
