import type { Binding } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { bindNamedPod } from './binding.ts'

/** Puts the pod of its own name on a node; carried out, not stored. The scheduler posts to `pods/x/binding` instead. */
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
