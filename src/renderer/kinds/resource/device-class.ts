import type { DeviceClass } from '#shared/kube/generated/types.ts'
import { deviceClasses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const deviceClass = describe<DeviceClass>({
  resource: deviceClasses,
  title: 'DeviceClasses',
  group: 'scheduling',
  columns: [
    {
      id: 'selectors',
      value: ({ spec }) => (spec.selectors ?? []).map(({ cel }) => cel?.expression ?? '').join(' && '),
    },
    { id: 'extendedResource', value: ({ spec }) => spec.extendedResourceName ?? '' },
  ],
})
