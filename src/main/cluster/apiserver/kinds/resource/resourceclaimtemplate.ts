import type {
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceClaimTemplateSpec,
} from '#shared/kube/generated/types.ts'
import { fieldForbidden, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { checkAnnotations, checkLabels } from '../../validation/labels.ts'
import { deviceClaimFindings } from '../../validation/devices/claim.ts'
import { setRequestDefaults } from '../../defaulting/device-requests.ts'
import { age } from '../../api/columns.ts'

/** The metadata that a template gives its claims. */
const templateMetadata = new Set(['annotations', 'labels'])

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
  generation: false,
  setDefaults: ({ spec }) => setRequestDefaults(claimSpec(spec).devices),
  validate({ spec }) {
    return [
      ...Object.entries(spec.metadata ?? {})
        .filter(([name, value]) => !templateMetadata.has(name) && value !== undefined)
        .map(([name]) => fieldForbidden(`spec.metadata.${name === 'uid' ? 'uID' : name}`, 'cannot be set')),
      ...checkAnnotations(spec.metadata?.annotations, 'spec.metadata.annotations'),
      ...checkLabels(spec.metadata?.labels, 'spec.metadata.labels'),
      ...deviceClaimFindings(claimSpec(spec).devices, 'spec.spec.devices'),
    ]
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [age],
}

/** The spec of the claims: empty where it is omitted. */
const claimSpec = (spec: ResourceClaimTemplateSpec | undefined): ResourceClaimSpec => spec?.spec ?? {}
