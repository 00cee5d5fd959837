import type { ResourceSlice } from '#shared/kube/generated/types.ts'
import { resourceSlices } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const resourceSlice = describe<ResourceSlice>({
  resource: resourceSlices,
  title: 'ResourceSlices',
  group: 'scheduling',
  columns: [
    { id: 'node', value: ({ spec }) => spec.nodeName ?? (spec.allNodes ? '*' : ''), isName: true },
    { id: 'driver', value: ({ spec }) => spec.driver },
    { id: 'pool', value: ({ spec }) => spec.pool.name },
    { id: 'devices', value: ({ spec }) => spec.devices?.length ?? 0, numeric: true, width: '90px' },
  ],
})
