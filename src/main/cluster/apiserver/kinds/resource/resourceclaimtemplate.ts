import type { ResourceClaimTemplate } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { deviceRequestFindings } from '../../validation/devices.ts'
import { age } from '../../api/columns.ts'

/** The template of the claims of pods. */
export const resourceClaimTemplate: KindDeclaration<ResourceClaimTemplate> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  singular: 'resourceclaimtemplate',
  namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaimTemplate',
  returnsDeleted: true,
  validate: ({ spec }) =>
    deviceRequestFindings((spec.spec as typeof spec.spec | undefined)?.devices, 'spec.spec.devices'),
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [age],
}
