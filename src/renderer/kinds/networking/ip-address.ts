import type { IPAddress } from '#shared/kube/generated/types.ts'
import { ipAddresses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const ipAddress = describe<IPAddress>({
  resource: ipAddresses,
  title: 'IPAddresses',
  group: 'network',
  columns: [
    {
      id: 'parent',
      value: ({ spec: { parentRef: ref } }) => `${ref.resource}/${ref.namespace ? `${ref.namespace}/` : ''}${ref.name}`,
    },
  ],
})
