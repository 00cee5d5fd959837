import { jsonEqual } from '#shared/kube/json.ts'
import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  forbiddenChange,
  type FieldError,
} from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { canonicalizeQuantities } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkClaimSpec } from '../../validation/persistent-volumes.ts'
import { age, text, wide } from '../../api/columns.ts'
import { accessModesText } from '../access-modes.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkImmutable, checkSupported } from '../../validation/fields.ts'

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
    dropDataSources(object)
    mirrorDataSource(object)
  },
  prepareForUpdate: mirrorDataSource,
  status: {
    validateStatus: claimStatusFindings,
    setStatusDefaults(object) {
      const status = (object.status ??= {})
      status.phase ||= 'Pending'
    },
  },
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

/**
 * A new claim loses a source of a kind that the older field does not know, and a reference into another namespace, whose
 * feature is off (EnforceDataSourceBackwardsCompatibility, DropDisabledFields).
 */
function dropDataSources({ spec = {} }: PersistentVolumeClaim): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSourceRef?.namespace) delete spec.dataSourceRef
  if (!dataSource) return
  const { apiGroup = '', kind } = dataSource
  const isKnown =
    (apiGroup === '' && kind === 'PersistentVolumeClaim') ||
    (apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot')
  if (!isKnown) delete spec.dataSource
}

/** The two fields that name where the data comes from say the same, as far as the older one can (NormalizeDataSources). */
function mirrorDataSource({ spec = {} }: PersistentVolumeClaim): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource }
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) spec.dataSource = { ...dataSourceRef }
}

function validateUpdate({ spec: next = {} }: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = []
  const old = previous.spec ?? {}
  const bound = previous.status?.phase === 'Bound'
  const storage = old.resources?.requests?.['storage']
  // Binding sets the volume's name once; the requested size and the attributes class of a bound claim may change.
  const allowed = {
    ...next,
    volumeName: old.volumeName ? next.volumeName : old.volumeName,
    storageClassName:
      next.storageClassName !== undefined && old.storageClassName === undefined ? undefined : next.storageClassName,
    volumeAttributesClassName:
      bound && next.volumeAttributesClassName !== undefined
        ? old.volumeAttributesClassName
        : next.volumeAttributesClassName,
    resources:
      bound && next.resources?.requests && storage !== undefined
        ? { ...next.resources, requests: { ...next.resources.requests, storage } }
        : next.resources,
  }
  if (!jsonEqual(allowed, old))
    errors.push(
      forbiddenChange(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        { before: old, after: allowed },
      ),
    )
  const wanted = next.resources?.requests?.['storage'] ?? '0'
  const capacity = previous.status?.capacity?.['storage'] ?? '0'
  if (compareQuantities(wanted, storage ?? '0') < 0 && compareQuantities(wanted, capacity) <= 0)
    errors.push(fieldForbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  checkImmutable(next.volumeMode, old.volumeMode, 'volumeMode', errors)
  const attributes = 'spec.volumeAttributesClassName'
  if (old.volumeAttributesClassName !== undefined) {
    if (next.volumeAttributesClassName === undefined)
      errors.push(fieldForbidden(attributes, 'update from non-nil value to nil is forbidden'))
    else if (next.volumeAttributesClassName === '' && old.volumeAttributesClassName !== '')
      errors.push(fieldForbidden(attributes, 'update from non-nil value to an empty string is forbidden'))
  }
  return errors
}

function claimStatusFindings({ status = {} }: Wire<PersistentVolumeClaim>): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, quantity = '0'] of Object.entries(status.capacity ?? {}))
    checkQuantity(quantity, `status.capacity[${name}]`, errors)
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const field = 'status.allocatedResourceStatuses'
    checkResourceName(name, field, errors)
    if (!resizeStates.includes(state ?? '')) errors.push(fieldNotSupported(field, name, resizeStates))
  }
  for (const [name, quantity = '0'] of Object.entries(status.allocatedResources ?? {}).sort()) {
    checkResourceName(name, 'status.allocatedResources', errors)
    checkQuantity(quantity, `status.allocatedResources[${name}]`, errors)
  }
  return errors
}

function checkQuantity(quantity: string, field: string, errors: FieldError[]): void {
  if (quantity.startsWith('-')) errors.push(fieldInvalid(field, quantity, 'must be greater than or equal to 0'))
}

/** A resource of a claim is `storage` or has a prefix (validatePersistentVolumeClaimResourceKey). */
function checkResourceName(name: string, field: string, errors: FieldError[]): void {
  addInvalid(qualifiedNameProblems(name), name, field, errors)
  if (!name.includes('/')) checkSupported(name, ['storage'], field, errors)
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
]
