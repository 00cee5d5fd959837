import type { ReplicationController } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkNotNegative } from '../../validation/fields.ts'
import { checkPodTemplate } from '../../validation/pod-spec.ts'
import { templateWarnings } from '../../validation/pod-warnings.ts'
import type { Wire } from '../../api/wire.ts'
import { age, count, workloadColumns } from '../../api/columns.ts'
import { checkStatusCounts } from '../../validation/workload-status.ts'

/** The predecessor of ReplicaSet: replicas of one pod template, with an equality-based selector. */
export const replicationController: KindDeclaration<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  // For compatibility with clients from before garbage collection.
  orphansDependents: true,
  schema: 'io.k8s.api.core.v1.ReplicationController',
  setDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0 }
  },
  status: { validateStatus: replicationControllerStatusFindings },
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  validate,
  // Kubernetes mistakes the old template for the new one.
  warnings: (object, previous) =>
    templateWarnings(previous ?? object, previous && object, (previous ?? object).spec?.template),
  fields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  columns: [
    count('Desired', 'How many pods are wanted.', ({ spec }) => spec?.replicas),
    count('Current', 'How many pods there are.', ({ status }) => status?.replicas),
    count('Ready', 'How many of them are ready.', ({ status }) => status?.readyReplicas),
    age,
    ...workloadColumns<ReplicationController>(
      ({ spec }) => spec?.template?.spec?.containers ?? [],
      ({ spec }) => spec?.selector && { matchLabels: spec.selector },
    ),
  ],
}

function setDefaults(object: Wire<ReplicationController>): void {
  const spec = (object.spec ??= {})
  spec.replicas ??= 1
  if (!spec.template) return
  setPodTemplateDefaults(spec.template)
  const labels = spec.template.metadata?.labels ?? {}
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
  if (object.metadata && Object.keys(object.metadata.labels ?? {}).length === 0 && Object.keys(labels).length > 0)
    object.metadata.labels = { ...labels }
}

function validate({ spec = {} }: Wire<ReplicationController>): FieldError[] {
  const errors: FieldError[] = []
  checkNotNegative(spec.replicas, 'spec.replicas', errors)
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  const selector = spec.selector ?? {}
  if (Object.keys(selector).length === 0) errors.push(fieldRequired('spec.selector'))
  if (!spec.template) {
    errors.push(fieldRequired('spec.template'))
    return errors
  }
  const labels = spec.template.metadata?.labels ?? {}
  if (Object.entries(selector).some(([name, value]) => labels[name] !== value))
    errors.push(fieldInvalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'))
  checkPodTemplate(spec.template, 'spec.template', errors)
  const policy = spec.template.spec?.restartPolicy
  if (policy !== 'Always') errors.push(fieldNotSupported('spec.template.spec.restartPolicy', policy, ['Always']))
  return errors
}

function replicationControllerStatusFindings(
  next: ReplicationController,
  previous: ReplicationController,
): FieldError[] {
  return checkStatusCounts(next.status, previous.status, {
    counts: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    ready: 'readyReplicas',
  })
}
