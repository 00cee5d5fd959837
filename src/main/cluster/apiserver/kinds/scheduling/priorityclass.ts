import type { PriorityClass } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkOneOf } from '../../validation/fields.ts'
import { age, count, text } from '../../api/columns.ts'

/** The highest priority of a user-defined class; higher values are reserved for the system. */
const highestUserPriority = 1_000_000_000
const systemPriorities: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/** A named priority of pods. */
export const priorityClass: KindDeclaration<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  namespaced: false,
  metadataOnUpdate: 'change',
  generation: 'fixed',
  schema: 'io.k8s.api.scheduling.v1.PriorityClass',
  setDefaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
    object.value ??= 0
  },
  validate: (object, previous) => (previous ? [] : validate(object)),
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    if ((next.value ?? 0) !== (previous.value ?? 0))
      errors.push(fieldForbidden('value', 'may not be changed in an update.'))
    if (next.preemptionPolicy !== previous.preemptionPolicy)
      errors.push(fieldInvalid('preemptionPolicy', next.preemptionPolicy, 'field is immutable'))
    return errors
  },
  columns: [
    { ...count<PriorityClass>('Value', 'Priority of the pods that name it.', ({ value }) => value) },
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods get it that name none.',
      value: ({ globalDefault }) => globalDefault ?? false,
    },
    age,
    text('PreemptionPolicy', 'Whether its pods may displace others.', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
}

function validate({
  metadata: { name = '' },
  value = 0,
  globalDefault,
  preemptionPolicy,
}: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  if (name.startsWith('system-')) {
    if (systemPriorities[name] !== value || globalDefault)
      errors.push(
        fieldForbidden(
          'metadata.name',
          `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
        ),
      )
  } else if (value > highestUserPriority)
    errors.push(fieldForbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`))
  checkOneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], 'preemptionPolicy', errors)
  return errors
}
