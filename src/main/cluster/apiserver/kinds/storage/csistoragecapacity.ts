import type { CSIStorageCapacity } from '#shared/kube/generated/types.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkImmutable } from '../../validation/fields.ts'
import { checkLabelSelector } from '../../validation/labels.ts'
import { createdAt } from '../../api/columns.ts'

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
  validate({ storageClassName, nodeTopology, capacity, maximumVolumeSize }) {
    const errors: FieldError[] = []
    addInvalid(subdomainProblems(storageClassName ?? ''), storageClassName ?? '', 'storageClassName', errors)
    checkLabelSelector(nodeTopology, 'nodeTopology', errors)
    for (const [field, quantity] of Object.entries({ capacity, maximumVolumeSize }))
      if (quantity?.startsWith('-')) errors.push(fieldInvalid(field, quantity, 'must be greater than or equal to 0'))
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.nodeTopology, previous.nodeTopology, 'nodeTopology', errors)
    checkImmutable(next.storageClassName, previous.storageClassName, 'storageClassName', errors)
    return errors
  },
  columns: [createdAt],
}
