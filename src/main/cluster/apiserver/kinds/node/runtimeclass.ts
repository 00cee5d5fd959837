import type { RuntimeClass } from '#shared/kube/generated/types.ts'
import { type FieldError } from '#shared/kube/status.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkImmutable } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** The container runtime handler of pods. */
export const runtimeClass: KindDeclaration<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  unconditionalUpdate: false,
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  schema: 'io.k8s.api.node.v1.RuntimeClass',
  generation: false,
  validate(object) {
    const handler = (object.handler as string | undefined) ?? ''
    const errors: FieldError[] = []
    addInvalid(labelProblems(handler), handler, 'handler', errors)
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.handler, previous.handler, 'handler', errors)
    return errors
  },
  columns: [text('Handler', 'What runs its pods.', ({ handler }) => handler), age],
}
