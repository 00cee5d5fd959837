import type { Binding } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { bindNamedPod } from './binding.ts'

/**
 * Assigns the pod of the same name to a node; an action, not stored. The scheduler posts to `pods/x/binding` instead.
 */
export const binding: KindDeclaration<Binding> = {
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  singular: 'binding',
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Binding',
  verbs: ['create'],
  action: bindNamedPod,
  columns: [],
}
