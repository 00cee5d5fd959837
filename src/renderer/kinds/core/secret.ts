import type { Secret } from '#shared/kube/generated/types.ts'
import { secrets } from '#shared/kube/resources.ts'
import { count } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const secret = describe<Secret>({
  resource: secrets,
  title: 'Secrets',
  group: 'config',
  columns: [
    { id: 'type', value: ({ type }) => type ?? 'Opaque' },
    { id: 'data', value: ({ data }) => count(data), numeric: true, width: '80px' },
  ],
})
