import type { CSINode, CSINodeDriver } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkNotNegative } from '../../validation/fields.ts'
import { checkCsiDriverName } from '../../validation/volume-sources.ts'
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
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.storage.v1.CSINode',
  generation: false,
  returnsDeleted: true,
  validate: ({ spec }) => validateDrivers(spec?.drivers ?? []),
  validateUpdate({ spec: next }, { spec: previous }) {
    const errors: FieldError[] = []
    for (const driver of next?.drivers ?? []) {
      const before = previous?.drivers?.find(({ name }) => name === driver.name)
      if (before && !jsonEqual(withoutAllocatable(driver), withoutAllocatable(before)))
        errors.push(fieldInvalid('spec.drivers', goDriver(driver), 'field is immutable'))
    }
    return errors
  },
  columns: [count('Drivers', 'How many drivers there are.', ({ spec }) => spec?.drivers.length), age],
}

/** Kubernetes counts the driver itself among those seen before its name is checked: the name's index is one too high. */
function validateDrivers(drivers: readonly Wire<CSINodeDriver>[]): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  drivers.forEach(({ name = '', nodeID, topologyKeys = [], allocatable }, i) => {
    const field = `spec.drivers[${i}]`
    checkCsiDriverName(name, `${field}.name`, errors)
    if (!nodeID) errors.push(fieldRequired(`${field}.nodeID`))
    else if (nodeID.length > maxNodeId)
      errors.push(fieldInvalid(`${field}.nodeID`, nodeID, `must be ${maxNodeId} characters or less`))
    checkNotNegative(allocatable?.count, `${field}.allocatable.count`, errors)
    if (names.has(name)) errors.push(fieldDuplicate(`${field}.name`, name))
    names.add(name)
    const keys = new Set<string>()
    for (const key of topologyKeys) {
      if (!key) errors.push(fieldRequired(field))
      if (keys.has(key)) errors.push(fieldDuplicate(field, key))
      keys.add(key)
      addInvalid(qualifiedNameProblems(key), key, field, errors)
    }
  })
  return errors
}

const maxNodeId = 256

/** What the node can hold may change. */
const withoutAllocatable = ({ allocatable: _, ...driver }: CSINodeDriver): unknown => driver

/** The value in the message has the names of Go's fields. */
const goDriver = ({ name, nodeID, topologyKeys = [] }: Wire<CSINodeDriver>): unknown => ({
  Name: name,
  NodeID: nodeID,
  TopologyKeys: topologyKeys.length > 0 ? topologyKeys : null,
  Allocatable: null,
})
