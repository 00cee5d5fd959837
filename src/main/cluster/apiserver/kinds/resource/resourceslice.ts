import type { ResourceSlice } from '#shared/kube/generated/types.ts'
import { fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age, text } from '../../api/columns.ts'

/** Devices that a driver offers. */
export const resourceSlice: KindDeclaration<ResourceSlice> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  singular: 'resourceslice',
  namespaced: false,
  schema: 'io.k8s.api.resource.v1.ResourceSlice',
  fields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver },
  validate({ spec }) {
    const errors: FieldError[] = []
    if (!spec.driver) errors.push(fieldRequired('spec.driver'))
    if (!spec.pool?.name) errors.push(fieldRequired('spec.pool.name'))
    return errors
  },
  columns: [
    text('Node', 'Where they are.', ({ spec }) => spec.nodeName ?? ''),
    text('Driver', 'Whose they are.', ({ spec }) => spec.driver),
    text('Pool', 'In which pool.', ({ spec }) => spec.pool.name),
    age,
  ],
}
