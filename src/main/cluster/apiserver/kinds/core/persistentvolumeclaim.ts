import { jsonEqual } from '#shared/kube/json.ts'
import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { fieldForbidden, fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { canonicalizeQuantities } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkClaimSpec } from '../../validation/persistent-volumes.ts'
import { age, text, wide } from '../../api/columns.ts'
import { accessModesText } from '../access-modes.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkSupported } from '../../validation/fields.ts'

/** A request for storage. */
export const persistentVolumeClaim: KindDeclaration<PersistentVolumeClaim> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  generation: false,
  returnsDeleted: true,
  setDefaults({ spec = {} }) {
    spec.volumeMode ??= 'Filesystem'
    if (spec.resources?.requests) canonicalizeQuantities(spec.resources.requests)
    if (spec.resources?.limits) canonicalizeQuantities(spec.resources.limits)
  },
  prepareForCreate(object) {
    object.status = { phase: 'Pending' }
  },
  status: { validateStatus: claimStatusFindings },
  validate({ spec }) {
    const errors: FieldError[] = []
    checkClaimSpec(spec ?? {}, 'spec', errors)
    return errors
  },
  validateUpdate,
  columns: [
    text('Status', 'Whether a volume is bound.', ({ status, metadata }) =>
      metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
    ),
    text('Volume', 'Which volume is bound.', ({ spec }) => spec?.volumeName ?? ''),
    text('Capacity', 'How much it holds.', ({ spec, status }) =>
      spec?.volumeName ? (status?.capacity?.['storage'] ?? '') : '',
    ),
    text('Access Modes', 'Who may mount it how.', ({ spec, status }) =>
      spec?.volumeName ? accessModesText(status?.accessModes) : '',
    ),
    text(
      'StorageClass',
      'Class of the volume.',
      ({ spec, metadata }) =>
        metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '',
    ),
    text(
      'VolumeAttributesClass',
      'Attributes class of the volume.',
      ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
    ),
    age,
    wide(text('VolumeMode', 'File system or block device.', ({ spec }) => spec?.volumeMode ?? '<unset>')),
  ],
}

function validateUpdate({ spec: next = {} }: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const old = previous.spec ?? {}
  const bound = previous.status?.phase === 'Bound'
  // Binding sets the volume's name once; resources and attributes class may change later.
  const allowed = {
    ...next,
    volumeName: old.volumeName ? next.volumeName : old.volumeName,
    storageClassName:
      next.storageClassName !== undefined && old.storageClassName === undefined ? undefined : next.storageClassName,
    volumeAttributesClassName: old.volumeAttributesClassName,
    resources: bound ? old.resources : next.resources,
  }
  if (!jsonEqual(allowed, old))
    return [
      fieldForbidden(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    ]
  const wanted = next.resources?.requests?.['storage']
  const before = old.resources?.requests?.['storage']
  if (wanted !== undefined && before !== undefined && compareQuantities(wanted, before) < 0)
    return [fieldForbidden('spec.resources.requests.storage', 'field can not be less than previous value')]
  return []
}

function claimStatusFindings({ status = {} }: Wire<PersistentVolumeClaim>): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['capacity', 'allocatedResources'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {}))
      if (String(quantity).startsWith('-'))
        errors.push(fieldInvalid(`status.${list}[${name}]`, quantity, 'must be greater than or equal to 0'))
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const field = `status.allocatedResourceStatuses[${name}]`
    addInvalid(qualifiedNameProblems(name), name, field, errors)
    checkSupported(state, resizeStates, field, errors)
  }
  return errors
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
]
