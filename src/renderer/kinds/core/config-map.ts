import type { ConfigMap } from '#shared/kube/generated/types.ts'
import { configMaps } from '#shared/kube/resources.ts'
import { count } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const configMap = describe<ConfigMap>({
  resource: configMaps,
  title: 'ConfigMaps',
  group: 'Config',
  columns: [
    {
      id: 'data',
      title: 'Keys',
      value: ({ data, binaryData }) => count(data) + count(binaryData),
      numeric: true,
      width: '80px',
    },
    { id: 'names', title: 'Names', value: ({ data }) => Object.keys(data ?? {}).join(', ') },
  ],
})
