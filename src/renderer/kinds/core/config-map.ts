import type { ConfigMap } from '#shared/kube/generated/types.ts'
import { configMaps } from '#shared/kube/resources.ts'
import { count } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const configMap = describe<ConfigMap>({
  resource: configMaps,
  title: 'ConfigMaps',
  group: 'config',
  columns: [
    {
      id: 'data',
      value: ({ data, binaryData }) => count(data) + count(binaryData),
      numeric: true,
      width: '80px',
    },
    {
      id: 'names',
      value: ({ data, binaryData }) => Object.keys({ ...data, ...binaryData }).join(', '),
      width: 'minmax(160px,2fr)',
    },
  ],
})
