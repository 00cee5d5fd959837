import type { ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { allMetadata, type KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { deviceRequestFindings } from '../../validation/devices.ts'
import { age, text } from '../../api/columns.ts'

/** A request for devices. */
export const resourceClaim: KindDeclaration<ResourceClaim> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  singular: 'resourceclaim',
  namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaim',
  returnsDeleted: true,
  prepareForCreate(object) {
    object.status = {}
  },
  status: { keepsMetadata: allMetadata },
  validate: ({ spec }) => deviceRequestFindings(spec.devices, 'spec.devices'),
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [
    text('State', 'How far it is.', ({ status }) =>
      [status?.allocation ? 'allocated' : 'pending', ...(status?.reservedFor?.length ? ['reserved'] : [])].join(','),
    ),
    age,
  ],
}
