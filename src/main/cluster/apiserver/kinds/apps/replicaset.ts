import type { ReplicaSet } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkNotNegative } from '../../validation/fields.ts'
import { checkRunningWorkload } from '../../validation/workloads.ts'
import type { Wire } from '../../api/wire.ts'
import { templateWarnings } from '../../validation/pod-warnings.ts'
import { checkStatusCounts } from '../../validation/workload-status.ts'
import { age, count, workloadColumns } from '../../api/columns.ts'

/** Runs a number of replicas of one pod template. */
export const replicaSet: KindDeclaration<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ReplicaSet',
  setDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0 }
  },
  status: {
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
    count('Desired', 'How many pods are wanted.', ({ spec }) => spec?.replicas),
    count('Current', 'How many pods there are.', ({ status }) => status?.replicas),
    count('Ready', 'How many of them are ready.', ({ status }) => status?.readyReplicas),
    age,
    ...workloadColumns<ReplicaSet>(
      ({ spec }) => spec?.template?.spec?.containers ?? [],
      ({ spec }) => spec?.selector,
    ),
  ],
}

function setDefaults(object: Wire<ReplicaSet>): void {
  const spec = (object.spec ??= {})
  spec.replicas ??= 1
  setPodTemplateDefaults((spec.template ??= {}))
}

const statusRules = {
  counts: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas'],
  parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
  ready: 'readyReplicas',
}

function validate({ spec = {} }: Wire<ReplicaSet>): FieldError[] {
  const errors: FieldError[] = []
  checkNotNegative(spec.replicas, 'spec.replicas', errors)
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  // Kubernetes names a deployment in this message too.
  checkRunningWorkload(spec, { inSelector: 'deployment', inDeadline: 'ReplicaSet' }, errors)
  return errors
}
