import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '#shared/kube/generated/types.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'
import { describe } from './descriptor.ts'

const phaseTone = ({ status }: { status?: { phase?: string } }): Tone =>
  status?.phase === 'Bound' || status?.phase === 'Available' ? 'good' : status?.phase === 'Failed' ? 'bad' : 'warn'

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

export const persistentVolume = describe<PersistentVolume>({
  resource: persistentVolumes,
  title: 'PersistentVolumes',
  group: 'Storage',
  columns: [
    { id: 'status', title: 'Status', value: ({ status }) => status?.phase ?? '', tone: phaseTone, width: '100px' },
    { id: 'capacity', title: 'Capacity', value: ({ spec }) => spec?.capacity?.storage ?? '', width: '90px' },
    {
      id: 'reclaim',
      title: 'Reclaim policy',
      value: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
      width: '120px',
    },
    {
      id: 'claim',
      title: 'Claim',
      value: ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : ''),
    },
  ],
})

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
