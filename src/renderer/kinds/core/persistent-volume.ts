import type { PersistentVolume } from '#shared/kube/generated/types.ts'
import { persistentVolumes } from '#shared/kube/resources.ts'
import { phaseTone } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const persistentVolume = describe<PersistentVolume>({
  resource: persistentVolumes,
  title: 'PersistentVolumes',
  group: 'storage',
  columns: [
    { id: 'status', value: ({ status }) => status?.phase ?? '', tone: phaseTone, width: '100px' },
    { id: 'capacity', value: ({ spec }) => spec?.capacity?.storage ?? '', width: '90px' },
    {
      id: 'reclaim',
      value: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
      width: '120px',
    },
    {
      id: 'claim',
      value: ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : ''),
    },
  ],
})
