import type { CSINode } from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age, count } from '../../api/columns.ts'

/** The CSI drivers of a node. */
export const csiNode: KindDeclaration<CSINode> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  unconditionalUpdate: false,
  plural: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSINode',
  generation: false,
  returnsDeleted: true,
  validate({ spec }) {
    const errors: FieldError[] = []
    const drivers = spec?.drivers ?? []
    drivers.forEach(({ name, nodeID }, i) => {
      const field = `spec.drivers[${i}]`
      if (!name) errors.push(fieldRequired(`${field}.name`))
      else if (drivers.findIndex((other) => other.name === name) !== i)
        errors.push(fieldDuplicate(`${field}.name`, name))
      if (!nodeID) errors.push(fieldRequired(`${field}.nodeID`))
    })
    return errors
  },
  columns: [count('Drivers', 'How many drivers there are.', ({ spec }) => spec?.drivers.length), age],
}
