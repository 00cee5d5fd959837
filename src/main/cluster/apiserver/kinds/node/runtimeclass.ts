import { jsonEqual } from '#shared/kube/json.ts'
import type { RuntimeClass } from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkImmutable } from '../../validation/fields.ts'
import { checkLabels } from '../../validation/labels.ts'
import { checkLimit } from '../../validation/resources.ts'
import { checkTolerations } from '../../validation/scheduling.ts'
import { age, text } from '../../api/columns.ts'

/** The container runtime handler of pods. */
export const runtimeClass: KindDeclaration<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  createOnUpdate: true,
  unconditionalUpdate: false,
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  schema: 'io.k8s.api.node.v1.RuntimeClass',
  generation: false,
  validate(object) {
    const handler = (object.handler as string | undefined) ?? ''
    const errors: FieldError[] = []
    if (handler === '') errors.push(fieldRequired('handler'))
    else addInvalid(labelProblems(handler), handler, 'handler', errors)
    const { overhead, scheduling } = object
    // Kubernetes names the list after the limits of a container.
    for (const [name, quantity = '0'] of Object.entries(overhead?.podFixed ?? {}))
      checkLimit(name, quantity, `overhead.limits[${name}]`, errors)
    errors.push(...checkLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'))
    const tolerations = scheduling?.tolerations ?? []
    checkTolerations(tolerations, 'scheduling.tolerations', errors)
    tolerations.forEach((toleration, i) => {
      if (tolerations.findIndex((other) => jsonEqual(other, toleration)) < i)
        errors.push(fieldDuplicate(`scheduling.tolerations[${i}]`, toleration))
    })
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.handler, previous.handler, 'handler', errors)
    return errors
  },
  columns: [text('Handler', 'What runs its pods.', ({ handler }) => handler), age],
}
