import type { VolumeAttributesClass } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkParameters, checkProvisioner } from '../../validation/volume-classes.ts'
import { age, text } from '../../api/columns.ts'

/** Attributes of volumes that can be changed after provisioning. */
export const volumeAttributesClass: KindDeclaration<VolumeAttributesClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.VolumeAttributesClass',
  returnsDeleted: true,
  shortNames: ['vac'],
  generation: false,
  validate({ driverName, parameters = {} }) {
    const errors: FieldError[] = []
    checkProvisioner(driverName, 'driverName', errors)
    if (Object.keys(parameters).length === 0)
      errors.push(fieldRequired('parameters', 'must contain at least one key/value pair'))
    checkParameters(parameters, errors)
    return errors
  },
  validatesChangeFirst: true,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    if (next.driverName !== previous.driverName)
      errors.push(fieldForbidden('driverName', 'updates to driverName are forbidden.'))
    if (!jsonEqual(next.parameters, previous.parameters))
      errors.push(fieldForbidden('parameters', 'updates to parameters are forbidden.'))
    return errors
  },
  columns: [text('DriverName', 'Which driver it is for.', ({ driverName }) => driverName), age],
}
