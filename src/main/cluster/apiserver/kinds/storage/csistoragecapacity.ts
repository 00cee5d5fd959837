import type { CSIStorageCapacity } from '#shared/kube/generated/types.ts'
import { fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** The free capacity for volumes of a class. */
export const csiStorageCapacity: KindDeclaration<CSIStorageCapacity> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  unconditionalUpdate: false,
  plural: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  namespaced: true,
  schema: 'io.k8s.api.storage.v1.CSIStorageCapacity',
  generation: false,
  validate({ storageClassName }) {
    return storageClassName ? [] : [fieldRequired('storageClassName')]
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.nodeTopology, previous.nodeTopology, 'nodeTopology', errors)
    checkImmutable(next.storageClassName, previous.storageClassName, 'storageClassName', errors)
    return errors
  },
  columns: [
    text('StorageClassName', 'For which class.', ({ storageClassName }) => storageClassName),
    text('Capacity', 'How much.', ({ capacity }) => capacity ?? '<none>'),
    age,
  ],
}
