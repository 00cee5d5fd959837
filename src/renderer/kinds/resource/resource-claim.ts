import type { ResourceResourceClaim } from '#shared/kube/generated/types.ts'
import { resourceClaims } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const resourceClaim = describe<ResourceResourceClaim>({
  resource: resourceClaims,
  title: 'ResourceClaims',
  group: 'scheduling',
  columns: [
    {
      id: 'status',
      value: stateOf,
      tone: (object) => (stateOf(object) === 'Pending' ? 'warn' : 'good'),
      width: '150px',
    },
    { id: 'requests', value: ({ spec }) => (spec.devices?.requests ?? []).map(({ name }) => name).join(', ') },
    {
      id: 'reservedFor',
      value: ({ status }) => (status?.reservedFor ?? []).map(({ resource, name }) => `${resource}/${name}`).join(', '),
    },
  ],
})

/** As kubectl puts it. */
function stateOf({ status }: ResourceResourceClaim): string {
  if (!status?.allocation) return 'Pending'
  return status.reservedFor?.length ? 'Allocated, reserved' : 'Allocated'
}
