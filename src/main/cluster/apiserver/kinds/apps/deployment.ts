import { jsonEqual } from '#shared/kube/json.ts'
import type { Deployment } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, type FieldError } from '#shared/kube/status.ts'
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
import { age, figure, text, workloadColumns } from '../../api/columns.ts'

/** Runs replicas of a pod and replaces them in a rolling update when the template changes. */
export const deployment: KindDeclaration<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.apps.v1.Deployment',
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
  },
  prepareForUpdate(next, previous) {
    // Annotations of a Deployment count too: its controller copies them to the replica sets.
    if (!jsonEqual(next.metadata.annotations, previous.metadata.annotations))
      next.metadata.generation = (previous.metadata.generation ?? 0) + 1
  },
  status: {
    // A status write does not change the labels of a Deployment (deploymentStatusStrategy of Kubernetes).
    keepsMetadata: ['labels', 'ownerReferences'],
    validateStatus: (next, previous) => checkStatusCounts(next.status, previous.status, statusRules),
  },
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  validate,
  warnings: (object, previous) => templateWarnings(object, previous, object.spec?.template),
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec?.selector, previous.spec?.selector, 'spec.selector', errors)
    return errors
  },
  columns: [
    text(
      'Ready',
      'Pods that are ready, of those wanted.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    ),
    figure('Up-to-date', 'Pods of the present template.', ({ status }) => status?.updatedReplicas),
    figure('Available', 'Pods ready for long enough.', ({ status }) => status?.availableReplicas),
    age,
    ...workloadColumns<Deployment>(
      ({ spec }) => spec?.template.spec?.containers ?? [],
      ({ spec }) => spec?.selector,
    ),
  ],
}

function setDefaults(object: Wire<Deployment>): void {
  const spec = (object.spec ??= {})
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  const strategy = (spec.strategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxSurge ??= '25%'
    strategy.rollingUpdate.maxUnavailable ??= '25%'
  }
  setPodTemplateDefaults((spec.template ??= {}))
}

const statusRules = {
  counts: [
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
  ],
  parts: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
  ready: 'readyReplicas',
}

function validate({ spec = {} }: Wire<Deployment>): FieldError[] {
  const errors: FieldError[] = []
  checkNotNegative(spec.replicas, 'spec.replicas', errors)
  checkRunningWorkload(spec, { inSelector: 'deployment', inDeadline: 'ReplicaSet' }, errors)
  checkStrategy(spec.strategy ?? {}, errors)
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  checkNotNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors)
  const { progressDeadlineSeconds, minReadySeconds = 0 } = spec
  checkNotNegative(progressDeadlineSeconds, 'spec.progressDeadlineSeconds', errors)
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds)
    errors.push(
      fieldInvalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds'),
    )
  return errors
}

function checkStrategy(
  strategy: NonNullable<NonNullable<Wire<Deployment>['spec']>['strategy']>,
  errors: FieldError[],
): void {
  const { type, rollingUpdate } = strategy
  const field = 'spec.strategy.rollingUpdate'
  if (type === 'Recreate') {
    if (rollingUpdate) errors.push(fieldForbidden(field, "may not be specified when strategy `type` is 'Recreate'"))
  } else if (type === 'RollingUpdate') {
    const { maxUnavailable, maxSurge } = rollingUpdate ?? {}
    checkCountOrPercent(maxUnavailable, `${field}.maxUnavailable`, errors)
    checkCountOrPercent(maxSurge, `${field}.maxSurge`, errors)
    if (isZero(maxUnavailable) && isZero(maxSurge))
      errors.push(fieldInvalid(`${field}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
    checkAtMostHundredPercent(maxUnavailable, `${field}.maxUnavailable`, errors)
  } else errors.push(fieldNotSupported('spec.strategy', strategy, ['Recreate', 'RollingUpdate']))
}
