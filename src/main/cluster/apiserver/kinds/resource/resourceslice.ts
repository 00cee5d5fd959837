import type { ResourceSlice } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { age, text } from '../../api/columns.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { sliceFindings } from '../../validation/devices/slice.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { setDeviceDefaults } from '../../defaulting/device-slices.ts'

/** Devices that a driver offers. */
export const resourceSlice: KindDeclaration<ResourceSlice> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  singular: 'resourceslice',
  namespaced: false,
  schema: 'io.k8s.api.resource.v1.ResourceSlice',
  returnsDeleted: true,
  setDefaults({ spec }) {
    setDeviceDefaults(spec)
    if (spec.devices && spec.sharedCounters) return
    if (spec.devices?.length === 0) delete spec.devices
    if (spec.sharedCounters?.length === 0) delete spec.sharedCounters
  },
  fields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver },
  validate: ({ spec }, previous) => sliceFindings(spec, previous?.spec),
  validateUpdate({ spec }, { spec: previous }) {
    const errors: FieldError[] = []
    checkImmutable(spec.pool.name, previous.pool.name, 'spec.pool.name', errors)
    checkImmutable(spec.driver, previous.driver, 'spec.driver', errors)
    return errors
  },
  columns: [
    text('Node', 'Where they are.', ({ spec }) => spec.nodeName ?? ''),
    text('Driver', 'Whose they are.', ({ spec }) => spec.driver),
    text('Pool', 'In which pool.', ({ spec }) => spec.pool.name),
    age,
  ],
}
