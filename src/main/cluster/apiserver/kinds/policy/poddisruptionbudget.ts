import type { PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkNotNegative, checkSupported } from '../../validation/fields.ts'
import { checkLabelSelector } from '../../validation/labels.ts'
import { checkAtMostHundredPercent, checkCountOrPercent } from '../../validation/workloads.ts'
import { age, count, text } from '../../api/columns.ts'
import type { Wire } from '../../api/wire.ts'
import { checkConditions } from '../../validation/status.ts'

/** Limits the voluntary disruptions of a set of pods. */
export const podDisruptionBudget: KindDeclaration<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  unconditionalUpdate: false,
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  namespaced: true,
  metadataOnUpdate: 'unchecked',
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  prepareForCreate(object) {
    object.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
  },
  status: { validateStatus: budgetStatusFindings },
  validate({ spec }) {
    const errors: FieldError[] = []
    const { minAvailable, maxUnavailable } = spec ?? {}
    if (minAvailable !== undefined && maxUnavailable !== undefined)
      errors.push(fieldInvalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'))
    checkCountOrPercent(minAvailable, 'spec.minAvailable', errors)
    checkAtMostHundredPercent(minAvailable, 'spec.minAvailable', errors)
    checkCountOrPercent(maxUnavailable, 'spec.maxUnavailable', errors)
    checkAtMostHundredPercent(maxUnavailable, 'spec.maxUnavailable', errors)
    checkLabelSelector(spec?.selector, 'spec.selector', errors)
    checkSupported(
      spec?.unhealthyPodEvictionPolicy,
      ['AlwaysAllow', 'IfHealthyBudget'],
      'spec.unhealthyPodEvictionPolicy',
      errors,
    )
    return errors
  },
  columns: [
    text('Min Available', 'How many must stay.', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', 'How many may go.', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    count('Allowed Disruptions', 'How many may go now.', ({ status }) => status?.disruptionsAllowed),
    age,
  ],
}

function budgetStatusFindings({ status }: Wire<PodDisruptionBudget>): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'] as const)
    checkNotNegative(status?.[name], `status.${name}`, errors)
  checkConditions(status?.conditions, 'status.conditions', errors)
  return errors
}
