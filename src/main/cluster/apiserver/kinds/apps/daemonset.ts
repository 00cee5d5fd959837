import type { DaemonSet } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkNotNegative } from '../../validation/fields.ts'
import {
  checkAtMostHundredPercent,
  checkCountOrPercent,
  checkRunningWorkload,
  isZero,
} from '../../validation/workloads.ts'
import type { Wire } from '../../api/wire.ts'
import { templateWarnings } from '../../validation/pod-warnings.ts'
import { checkStatusCounts } from '../../validation/workload-status.ts'
import { age, count, labelsText, text, workloadColumns } from '../../api/columns.ts'

/** Runs one pod on every matching node. */
export const daemonSet: KindDeclaration<DaemonSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.DaemonSet',
  setDefaults,
  prepareForCreate(object) {
    object.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }
    setTemplateGeneration(object, templateGenerationOf(object) || 1)
  },
  prepareForUpdate(next, previous) {
    const changed = !jsonEqual(next.spec?.template, previous.spec?.template)
    setTemplateGeneration(next, templateGenerationOf(previous) + (changed ? 1 : 0))
  },
  status: {
    validateStatus: (next, previous) => checkStatusCounts(next.status, previous.status, statusRules),
  },
  validate,
  warnings: (object, previous) => templateWarnings(object, previous, object.spec?.template, { names: false }),
  validatesChangeFirst: true,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec?.selector, previous.spec?.selector, 'spec.selector', errors)
    return errors
  },
  columns: [
    count('Desired', 'How many nodes should run it.', ({ status }) => status?.desiredNumberScheduled),
    count('Current', 'How many of them do.', ({ status }) => status?.currentNumberScheduled),
    count('Ready', 'On how many it is ready.', ({ status }) => status?.numberReady),
    count('Up-to-date', 'On how many it has the present template.', ({ status }) => status?.updatedNumberScheduled),
    count('Available', 'On how many it was ready for long enough.', ({ status }) => status?.numberAvailable),
    text('Node Selector', 'Which nodes it is for.', ({ spec }) => labelsText(spec?.template.spec?.nodeSelector)),
    age,
    ...workloadColumns<DaemonSet>(
      ({ spec }) => spec?.template.spec?.containers ?? [],
      ({ spec }) => spec?.selector,
    ),
  ],
}

/**
 * How often the template changed, which pods carry as a label: a field of the first API version that lives on as an
 * annotation (daemonSetStrategy, and its conversion to apps/v1, of Kubernetes).
 */
const templateGeneration = 'deprecated.daemonset.template.generation'

const templateGenerationOf = ({ metadata }: DaemonSet): number =>
  Number(metadata.annotations?.[templateGeneration]) || 0

function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) }
}

function setDefaults(object: Wire<DaemonSet>): void {
  const spec = (object.spec ??= {})
  spec.revisionHistoryLimit ??= 10
  const strategy = (spec.updateStrategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }
  setPodTemplateDefaults((spec.template ??= {}))
}

const statusRules = {
  counts: [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
  ],
}

function validate({ spec = {} }: Wire<DaemonSet>): FieldError[] {
  const errors: FieldError[] = []
  checkRunningWorkload(spec, { inSelector: 'daemonset', inDeadline: 'DaemonSet' }, errors)
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  checkNotNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors)
  const { type, rollingUpdate = {} } = spec.updateStrategy ?? {}
  if (type === 'OnDelete') return errors
  if (type !== 'RollingUpdate') {
    errors.push(fieldNotSupported('spec.updateStrategy', spec.updateStrategy, ['RollingUpdate', 'OnDelete']))
    return errors
  }
  const field = 'spec.updateStrategy.rollingUpdate'
  const { maxUnavailable, maxSurge } = rollingUpdate
  checkCountOrPercent(maxUnavailable, `${field}.maxUnavailable`, errors)
  checkAtMostHundredPercent(maxUnavailable, `${field}.maxUnavailable`, errors)
  checkCountOrPercent(maxSurge, `${field}.maxSurge`, errors)
  checkAtMostHundredPercent(maxSurge, `${field}.maxSurge`, errors)
  if (isZero(maxUnavailable) && isZero(maxSurge))
    errors.push(fieldRequired(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  if (!isZero(maxUnavailable) && !isZero(maxSurge))
    errors.push(fieldInvalid(`${field}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  return errors
}
