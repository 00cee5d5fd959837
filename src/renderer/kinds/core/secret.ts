import type { Secret } from '#shared/kube/generated/types.ts'
import { secrets } from '#shared/kube/resources.ts'
import { count } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const secret = describe<Secret>({
  resource: secrets,
  title: 'Secrets',
  group: 'Config',
  columns: [
    { id: 'type', title: 'Type', value: ({ type }) => type ?? 'Opaque' },
    { id: 'data', title: 'Keys', value: ({ data }) => count(data), numeric: true, width: '80px' },
  ],
})
