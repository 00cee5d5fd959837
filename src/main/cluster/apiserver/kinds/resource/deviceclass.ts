import type { DeviceClass } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age } from '../../api/columns.ts'

/** A class of devices. */
export const deviceClass: KindDeclaration<DeviceClass> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  singular: 'deviceclass',
  namespaced: false,
  schema: 'io.k8s.api.resource.v1.DeviceClass',
  columns: [age],
}
