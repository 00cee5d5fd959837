import type { StorageClass, TopologySelectorTerm } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldDuplicate, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkImmutable, checkNotRepeated, checkSupported, invalidWhole } from '../../validation/fields.ts'
import { checkParameters, checkProvisioner } from '../../validation/volume-classes.ts'
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
    if (!jsonEqual(next.parameters ?? {}, previous.parameters ?? {}))
      errors.push(invalidWhole('parameters', `${JSON.stringify(next.parameters ?? {})}: field is immutable`))
    for (const field of ['provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const)
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

function validate(object: Partial<StorageClass>): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = object
  const errors: FieldError[] = []
  checkProvisioner(provisioner, 'provisioner', errors)
  checkParameters(parameters ?? {}, errors)
  checkSupported(reclaimPolicy || undefined, ['Delete', 'Retain'], 'reclaimPolicy', errors)
  if (volumeBindingMode === undefined) errors.push(fieldRequired('volumeBindingMode'))
  else checkSupported(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode', errors)
  checkTopologies(allowedTopologies ?? [], errors)
  return errors
}

function checkTopologies(terms: readonly Wire<TopologySelectorTerm>[], errors: FieldError[]): void {
  // Kubernetes compares with an empty term for each of them too.
  const seen: unknown[] = terms.map(() => ({}))
  terms.forEach(({ matchLabelExpressions = [] }, i) => {
    const field = `allowedTopologies[${i}].matchLabelExpressions`
    const values: Record<string, string[]> = {}
    matchLabelExpressions.forEach(({ key = '', values: allowed = [] }, j) => {
      const at = `${field}[${j}]`
      if (allowed.length === 0) errors.push(fieldRequired(`${at}.values`))
      allowed.forEach((_, v) => {
        checkNotRepeated(allowed, v, `${at}.values[${v}]`, errors)
      })
      addInvalid(qualifiedNameProblems(key), key, `${at}.key`, errors)
      if (key in values) errors.push(fieldDuplicate(`${at}.key`, key))
      values[key] = [...new Set(allowed)].sort()
    })
    for (const other of seen) if (jsonEqual(other, values)) errors.push(fieldDuplicate(field, ''))
    seen.push(values)
  })
}
