import type { CSIDriver } from '#shared/kube/generated/types.ts'
import { csiDrivers } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const csiDriver = describe<CSIDriver>({
  resource: csiDrivers,
  title: 'CSIDrivers',
  group: 'storage',
  columns: [
    { id: 'attach', value: ({ spec }) => String(spec.attachRequired ?? true), width: '130px' },
    { id: 'modes', value: ({ spec }) => (spec.volumeLifecycleModes ?? []).join(', ') },
    { id: 'fsGroup', value: ({ spec }) => spec.fsGroupPolicy ?? '', width: '200px' },
    { id: 'tracksCapacity', value: ({ spec }) => String(spec.storageCapacity ?? false), width: '140px' },
  ],
})
