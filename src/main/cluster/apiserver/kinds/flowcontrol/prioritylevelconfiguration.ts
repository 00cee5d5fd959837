import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { checkSupported } from '../../validation/fields.ts'
import { flowConditionFindings } from '../../validation/status.ts'
import { age, figure, text } from '../../api/columns.ts'

/** The concurrency limits of a priority level. */
export const priorityLevelConfiguration: KindDeclaration<PriorityLevelConfiguration> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  metadataOnUpdate: 'object',
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
      queuing.queues ||= 64
      queuing.handSize ||= 8
      queuing.queueLengthLimit ||= 50
    }
  },
  prepareForCreate(object) {
    object.status = {}
  },
  status: { validateStatus: ({ status }) => flowConditionFindings(status?.conditions) },
  validate,
  columns: [
    text('Type', 'Whether its requests are limited.', ({ spec }) => spec?.type ?? ''),
    figure(
      'NominalConcurrencyShares',
      'Its share of the server.',
      ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares,
      '<none>',
    ),
    figure('Queues', 'How many queues there are.', (level) => queuing(level)?.queues, '<none>'),
    figure('HandSize', 'Among how many of them a flow chooses.', (level) => queuing(level)?.handSize, '<none>'),
    figure(
      'QueueLengthLimit',
      'How many requests may wait in one.',
      (level) => queuing(level)?.queueLengthLimit,
      '<none>',
    ),
    age,
  ],
}

const queuing = ({ spec }: PriorityLevelConfiguration): QueuingConfiguration | undefined =>
  spec?.limited?.limitResponse?.queuing

function validate({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = []
  const { type = '', limited, exempt } = spec ?? {}
  if ((metadata.name === 'exempt') !== (type === 'Exempt') && (metadata.name === 'exempt' || type === 'Exempt'))
    errors.push(fieldInvalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"))
  if (type === 'Exempt') {
    if (exempt) checkShares(exempt, 'spec.exempt', errors)
    if (limited) errors.push(fieldForbidden('spec.limited', 'must be nil if the type is not Limited'))
  } else if (type === 'Limited') {
    if (exempt) errors.push(fieldForbidden('spec.exempt', 'must be nil if the type is Limited'))
    if (limited) checkLimited(limited, 'spec.limited', errors)
    else errors.push(fieldRequired('spec.limited', 'must not be empty when type is Limited'))
  } else checkSupported(type, ['Exempt', 'Limited'], 'spec.type', errors)
  return errors
}

type Shares = Pick<Wire<LimitedPriorityLevelConfiguration>, 'nominalConcurrencyShares' | 'lendablePercent'>

function checkShares(
  { nominalConcurrencyShares = 0, lendablePercent = 0 }: Shares,
  field: string,
  errors: FieldError[],
): void {
  if (nominalConcurrencyShares < 0)
    errors.push(
      fieldInvalid(`${field}.nominalConcurrencyShares`, nominalConcurrencyShares, 'must be a non-negative integer'),
    )
  if (lendablePercent < 0 || lendablePercent > 100)
    errors.push(fieldInvalid(`${field}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive'))
}

function checkLimited(limited: Wire<LimitedPriorityLevelConfiguration>, field: string, errors: FieldError[]): void {
  checkShares(limited, field, errors)
  const { borrowingLimitPercent: borrowed, limitResponse } = limited
  if (borrowed !== undefined && borrowed < 0)
    errors.push(
      fieldInvalid(`${field}.borrowingLimitPercent`, borrowed, 'if specified, must be a non-negative integer'),
    )
  checkResponse(limitResponse ?? {}, `${field}.limitResponse`, errors)
}

function checkResponse({ type = '', queuing }: Wire<LimitResponse>, field: string, errors: FieldError[]): void {
  if (type === 'Reject') {
    if (queuing)
      errors.push(fieldForbidden(`${field}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'))
  } else if (type === 'Queue') {
    if (queuing) checkQueuing(queuing, `${field}.queuing`, errors)
    else errors.push(fieldRequired(`${field}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'))
  } else checkSupported(type, ['Queue', 'Reject'], `${field}.type`, errors)
}

const maxQueues = 10_000_000

function checkQueuing(
  { queues = 0, handSize = 0, queueLengthLimit = 0 }: Wire<QueuingConfiguration>,
  field: string,
  errors: FieldError[],
): void {
  const positive = 'must be positive'
  if (queueLengthLimit <= 0) errors.push(fieldInvalid(`${field}.queueLengthLimit`, queueLengthLimit, positive))
  if (queues <= 0) errors.push(fieldInvalid(`${field}.queues`, queues, positive))
  else if (queues > maxQueues)
    errors.push(fieldInvalid(`${field}.queues`, queues, `must not be greater than ${maxQueues}`))
  if (handSize <= 0) errors.push(fieldInvalid(`${field}.handSize`, handSize, positive))
  else if (handSize > queues)
    errors.push(fieldInvalid(`${field}.handSize`, handSize, `should not be greater than queues (${queues})`))
  else if (entropyBits(queues, handSize) > maxEntropyBits)
    errors.push(
      fieldInvalid(
        `${field}.handSize`,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${maxEntropyBits}`,
      ),
    )
}

/** Shuffle sharding deals a hand out of 60 bits of a hash (shufflesharding.MaxHashBits). */
const maxEntropyBits = 60

function entropyBits(deck: number, hand: number): number {
  let bits = 0
  for (let i = 0; i < hand && bits <= maxEntropyBits; i++) bits += Math.log2(deck - i)
  return Math.ceil(bits)
}
