import type { PriorityLevelConfiguration } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkOneOf } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** The concurrency limits of a priority level. */
export const priorityLevelConfiguration: KindDeclaration<PriorityLevelConfiguration> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  setDefaults({ spec }) {
    if (!spec) return
    if (spec.type === 'Exempt') {
      spec.exempt ??= {}
      spec.exempt.nominalConcurrencyShares ??= 0
      spec.exempt.lendablePercent ??= 0
    }
    const { limited } = spec
    if (!limited) return
    limited.nominalConcurrencyShares ??= 30
    limited.lendablePercent ??= 0
    const queuing = limited.limitResponse?.queuing
    if (queuing) {
      queuing.queues ??= 64
      queuing.handSize ??= 8
      queuing.queueLengthLimit ??= 50
    }
  },
  prepareForCreate(object) {
    object.status = {}
  },
  status: {},
  validate,
  columns: [
    text('Type', 'Whether its requests are limited.', ({ spec }) => spec?.type ?? ''),
    text('NominalConcurrencyShares', 'Its share of the server.', ({ spec }) =>
      String(spec?.limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares ?? '<none>'),
    ),
    text('Queues', 'How many queues there are.', ({ spec }) =>
      String(spec?.limited?.limitResponse?.queuing?.queues ?? '<none>'),
    ),
    text('HandSize', 'Among how many of them a flow chooses.', ({ spec }) =>
      String(spec?.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
    ),
    text('QueueLengthLimit', 'How many requests may wait in one.', ({ spec }) =>
      String(spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    ),
    age,
  ],
}

function validate({ spec }: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = []
  checkOneOf(spec?.type, ['Exempt', 'Limited'], 'spec.type', errors)
  if (spec?.type === 'Exempt' && spec.limited)
    errors.push(fieldForbidden('spec.limited', 'must be nil if the type is not Limited'))
  if (spec?.type !== 'Limited') return errors
  const { limited } = spec
  if (!limited) return [...errors, fieldRequired('spec.limited', 'must not be empty when type is Limited')]
  const { nominalConcurrencyShares = 0, lendablePercent = 0, limitResponse } = limited
  if (nominalConcurrencyShares < 0)
    errors.push(
      fieldInvalid('spec.limited.nominalConcurrencyShares', nominalConcurrencyShares, 'must be a non-negative integer'),
    )
  if (lendablePercent < 0 || lendablePercent > 100)
    errors.push(fieldInvalid('spec.limited.lendablePercent', lendablePercent, 'must be between 0 and 100, inclusive'))
  checkOneOf(limitResponse?.type, ['Queue', 'Reject'], 'spec.limited.limitResponse.type', errors)
  if (limitResponse?.type === 'Reject' && limitResponse.queuing)
    errors.push(
      fieldForbidden('spec.limited.limitResponse.queuing', 'must be nil if limited.limitResponse.type is not Limited'),
    )
  if (limitResponse?.type === 'Queue' && !limitResponse.queuing)
    errors.push(
      fieldRequired('spec.limited.limitResponse.queuing', 'must not be empty if limited.limitResponse.type is Limited'),
    )
  return errors
}
