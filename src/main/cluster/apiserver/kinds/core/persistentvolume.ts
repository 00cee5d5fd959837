import type { PersistentVolume } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { canonicalizeQuantities } from '../../defaulting/pod-spec.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkVolumeSpec, validateVolumeUpdate } from '../../validation/persistent-volumes.ts'
import { accessModesText } from '../access-modes.ts'
import { age, text, wide } from '../../api/columns.ts'
import { setSourceDefaults } from '../../defaulting/volumes.ts'
import { persistentVolumeWarnings } from '../../validation/volume-warnings.ts'

/** A volume that a claim can be bound to. */
export const persistentVolume: KindDeclaration<PersistentVolume> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.PersistentVolume',
  generation: false,
  returnsDeleted: true,
  setDefaults({ spec = {} }) {
    spec.persistentVolumeReclaimPolicy ||= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    setSourceDefaults(spec)
    if (spec.capacity) canonicalizeQuantities(spec.capacity)
  },
  prepareForCreate(object) {
    object.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(Date.now()) }
  },
  status: {
    setStatusDefaults(object) {
      const status = (object.status ??= {})
      status.phase ||= 'Pending'
    },
    /** The time of a change of phase is the server's, unless the writer names one (PrepareForUpdate of the status). */
    prepareStatus({ status }, { status: before }) {
      if (!status || status.phase === before?.phase) return
      if (status.lastPhaseTransitionTime === before?.lastPhaseTransitionTime)
        status.lastPhaseTransitionTime = timestamp(Date.now())
    },
  },
  warnings: persistentVolumeWarnings,
  validatesUpdateTwice: true,
  validate({ spec }) {
    const errors: FieldError[] = []
    checkVolumeSpec(spec ?? {}, 'spec', false, errors)
    return errors
  },
  validateUpdate: (next, previous) => validateVolumeUpdate(next.spec ?? {}, previous.spec ?? {}),
  columns: [
    text('Capacity', 'How much it holds.', ({ spec }) => spec?.capacity?.['storage'] ?? ''),
    text('Access Modes', 'Who may mount it how.', ({ spec }) => accessModesText(spec?.accessModes)),
    text(
      'Reclaim Policy',
      'What becomes of it after its claim.',
      ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
    ),
    text('Status', 'Whether it is bound.', ({ status, metadata }) =>
      metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
    ),
    text('Claim', 'The claim it is bound to.', ({ spec }) =>
      spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
    ),
    text('StorageClass', 'Its class.', ({ spec }) => spec?.storageClassName ?? ''),
    text('VolumeAttributesClass', 'Its attributes class.', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
    text('Reason', 'Why it is in its state.', ({ status }) => status?.reason ?? ''),
    age,
    wide(text('VolumeMode', 'File system or block device.', ({ spec }) => spec?.volumeMode ?? '<unset>')),
  ],
}
