import type { CSINode } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { age, count } from '../columns.ts'

/** Which drivers of volumes a node has. */
export const csiNode: KindDeclaration<CSINode> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSINode',
  generation: false,
  returnsDeleted: true,
  columns: [count('Drivers', 'How many drivers there are.', ({ spec }) => spec?.drivers.length), age],
}
