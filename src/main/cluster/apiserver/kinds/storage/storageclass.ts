import type { StorageClass } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkOneOf } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

const defaultClass = 'storageclass.kubernetes.io/is-default-class'

/** How volumes of a class are provisioned. */
export const storageClass: KindDeclaration<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.StorageClass',
  generation: false,
  returnsDeleted: true,
  setDefaults(object) {
    object.reclaimPolicy ||= 'Delete'
    object.volumeBindingMode ||= 'Immediate'
  },
  validate,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const)
      checkImmutable(next[field], previous[field], field, errors)
    return errors
  },
  columnsWithoutName: true,
  columns: [
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      description: 'Name of the class; the default one is marked.',
      value: ({ metadata }) =>
        metadata.annotations?.[defaultClass] === 'true' ? `${metadata.name ?? ''} (default)` : (metadata.name ?? ''),
    },
    text('Provisioner', 'Who makes its volumes.', ({ provisioner }) => provisioner),
    text('ReclaimPolicy', 'What becomes of a volume after its claim.', ({ reclaimPolicy }) => reclaimPolicy ?? ''),
    text('VolumeBindingMode', 'When a volume is made.', ({ volumeBindingMode }) => volumeBindingMode ?? ''),
    {
      name: 'AllowVolumeExpansion',
      type: 'string',
      description: 'Whether its volumes may grow.',
      value: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    age,
  ],
}

function validate({ provisioner, parameters, reclaimPolicy, volumeBindingMode }: Partial<StorageClass>): FieldError[] {
  const errors: FieldError[] = []
  if (!provisioner) errors.push(fieldRequired('provisioner'))
  else
    for (const problem of qualifiedNameProblems(provisioner.toLowerCase()))
      errors.push(fieldInvalid('provisioner', provisioner, problem))
  if (parameters && Object.keys(parameters).some((key) => key === ''))
    errors.push(fieldInvalid('parameters', '', 'field can not be empty.'))
  checkOneOf(reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy', errors)
  checkOneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode', errors)
  return errors
}
