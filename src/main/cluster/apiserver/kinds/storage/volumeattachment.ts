import type { VolumeAttachment } from '#shared/kube/generated/types.ts'
import { fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { allMetadata, type KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
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
  schema: 'io.k8s.api.storage.v1.VolumeAttachment',
  generation: false,
  returnsDeleted: true,
  prepareForCreate(object) {
    object.status = { attached: false }
  },
  status: { keepsMetadata: allMetadata },
  validate({ spec }) {
    const errors: FieldError[] = []
    if (!spec?.attacher) errors.push(fieldRequired('spec.attacher'))
    if (!spec?.nodeName) errors.push(fieldRequired('spec.nodeName'))
    if (!spec?.source?.persistentVolumeName && !spec?.source?.inlineVolumeSpec)
      errors.push(fieldRequired('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'))
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [
    text('Attacher', 'Who attaches it.', ({ spec }) => spec?.attacher ?? ''),
    text('PV', 'Which volume.', ({ spec }) => spec?.source.persistentVolumeName ?? ''),
    text('Node', 'To which node.', ({ spec }) => spec?.nodeName ?? ''),
    yesNo('Attached', 'Whether it is.', ({ status }) => status?.attached),
    age,
  ],
}
