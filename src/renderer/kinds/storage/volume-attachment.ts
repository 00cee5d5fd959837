import type { VolumeAttachment } from '#shared/kube/generated/types.ts'
import { volumeAttachments } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const volumeAttachment = describe<VolumeAttachment>({
  resource: volumeAttachments,
  title: 'VolumeAttachments',
  group: 'storage',
  columns: [
    {
      id: 'status',
      value: ({ status }) => (status?.attachError ? 'Failed' : status?.attached ? 'Attached' : 'Attaching'),
      tone: ({ status }) => (status?.attachError ? 'bad' : status?.attached ? 'good' : 'warn'),
      width: '120px',
    },
    { id: 'attacher', value: ({ spec }) => spec.attacher },
    { id: 'volume', value: ({ spec }) => spec.source.persistentVolumeName ?? '', isName: true },
    { id: 'node', value: ({ spec }) => spec.nodeName, isName: true, width: '130px' },
  ],
})
