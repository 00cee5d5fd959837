import type { VolumeAttachment, VolumeAttachmentSource } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { allMetadata, type KindDeclaration } from '../../api/kind.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkImmutable } from '../../validation/fields.ts'
import { setSourceDefaults } from '../../defaulting/volumes.ts'
import { checkVolumeSpec } from '../../validation/persistent-volumes.ts'
import { checkCsiDriverName } from '../../validation/volume-sources.ts'
import { age, text, yesNo } from '../../api/columns.ts'

/** A request to attach a volume to a node. */
export const volumeAttachment: KindDeclaration<VolumeAttachment> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  unconditionalUpdate: false,
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.storage.v1.VolumeAttachment',
  generation: false,
  returnsDeleted: true,
  setDefaults({ spec }) {
    const volume = spec?.source?.inlineVolumeSpec
    if (volume) setSourceDefaults(volume)
  },
  prepareForCreate(object) {
    object.status = { attached: false }
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    checkCsiDriverName(spec?.attacher, 'spec.attacher', errors)
    checkAttachedSource(spec?.source ?? {}, 'spec.source', errors)
    const node = spec?.nodeName ?? ''
    addInvalid(subdomainProblems(node), node, 'spec.nodeName', errors)
    return errors
  },
  status: { keepsMetadata: allMetadata, validateStatus: statusFindings },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [
    { ...text('Attacher', 'Who attaches it.', ({ spec }: VolumeAttachment) => spec?.attacher ?? ''), format: 'name' },
    text('PV', 'Which volume.', ({ spec }) => spec?.source.persistentVolumeName ?? ''),
    text('Node', 'To which node.', ({ spec }) => spec?.nodeName ?? ''),
    yesNo('Attached', 'Whether it is.', ({ status }) => status?.attached),
    age,
  ],
}

function checkAttachedSource(source: Wire<VolumeAttachmentSource>, field: string, errors: FieldError[]): void {
  const { inlineVolumeSpec: spec, persistentVolumeName: name } = source
  const exactlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (spec && name !== undefined) errors.push(fieldForbidden(field, exactlyOne))
  else if (spec) checkVolumeSpec(spec, `${field}.inlineVolumeSpec`, true, errors)
  else if (name === undefined) errors.push(fieldRequired(field, exactlyOne))
  else {
    if (name === '')
      errors.push(fieldRequired(`${field}.persistentVolumeName`, 'must specify non empty persistentVolumeName'))
    addInvalid(subdomainProblems(name), name, `${field}.persistentVolumeName`, errors)
  }
}

const maxMetadata = 256 * 1024
const maxErrorMessage = 1024

function statusFindings({ status }: Wire<VolumeAttachment>): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value = ''] of Object.entries(status?.attachmentMetadata ?? {})) size += key.length + value.length
  if (size > maxMetadata) errors.push(fieldTooLong('status.attachmentMetadata', maxMetadata))
  for (const name of ['attachError', 'detachError'] as const)
    if ((status?.[name]?.message?.length ?? 0) > maxErrorMessage)
      errors.push(fieldTooLong(`status.${name}.message`, maxErrorMessage))
  return errors
}
