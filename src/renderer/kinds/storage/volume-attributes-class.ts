import type { VolumeAttributesClass } from '#shared/kube/generated/types.ts'
import { volumeAttributesClasses } from '#shared/kube/resources.ts'
import { pairs } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const volumeAttributesClass = describe<VolumeAttributesClass>({
  resource: volumeAttributesClasses,
  title: 'VolumeAttributesClasses',
  group: 'storage',
  columns: [
    { id: 'driver', value: ({ driverName }) => driverName },
    { id: 'parameters', value: ({ parameters }) => pairs(parameters) },
  ],
})
