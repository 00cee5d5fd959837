import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { persistentVolumeClaims } from '#shared/kube/resources.ts'
import { phaseTone } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const persistentVolumeClaim = describe<PersistentVolumeClaim>({
  resource: persistentVolumeClaims,
  title: 'PersistentVolumeClaims',
  group: 'storage',
  columns: [
    { id: 'status', value: ({ status }) => status?.phase ?? '', tone: phaseTone, width: '100px' },
    { id: 'volume', value: ({ spec }) => spec?.volumeName ?? '' },
    { id: 'capacity', value: ({ status }) => status?.capacity?.storage ?? '', width: '90px' },
    { id: 'class', value: ({ spec }) => spec?.storageClassName ?? '', width: '110px' },
  ],
})
