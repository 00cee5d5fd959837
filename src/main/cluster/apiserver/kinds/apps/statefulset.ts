import type { StatefulSet } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, type FieldError } from '#shared/kube/status.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { checkNotNegative, checkSupported } from '../../validation/fields.ts'
import { podWarnings } from '../../validation/pod-warnings.ts'
import type { Wire } from '../../validation/wire.ts'
import { checkCountOrPercent, checkRunningWorkload } from '../../validation/workloads.ts'
import { age, text, wide, workloadColumns } from '../columns.ts'

/** Pods with names, order and volumes that stay. */
export const statefulSet: KindDeclaration<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.StatefulSet',
  setDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0 }
  },
  status: {},
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  validate,
  validateUpdate,
  warnings: ({ spec }) => podWarnings(spec?.template.spec, 'spec.template.spec'),
  columns: [
    text(
      'Ready',
      'Ready pods, of those wanted.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    ),
    age,
    ...workloadColumns<StatefulSet>(
      ({ spec }) => spec?.template.spec?.containers ?? [],
      ({ spec }) => spec?.selector,
    )
      .slice(0, 2)
      .map(wide),
  ],
}

function setDefaults(object: Wire<StatefulSet>): void {
  const spec = (object.spec ??= {})
  spec.podManagementPolicy ||= 'OrderedReady'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  const strategy = (spec.updateStrategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.partition ??= 0
  }
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  retention.whenDeleted ||= 'Retain'
  retention.whenScaled ||= 'Retain'
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ??= 'v1'
    claim.kind ??= 'PersistentVolumeClaim'
    const claimSpec = (claim.spec ??= {})
    claimSpec.volumeMode ??= 'Filesystem'
    claim.status ??= { phase: 'Pending' }
  }
  setPodTemplateDefaults(spec.template)
}

function validate({ spec = {} }: Wire<StatefulSet>): FieldError[] {
  const errors: FieldError[] = []
  checkSupported(spec.podManagementPolicy, ['OrderedReady', 'Parallel'], 'spec.podManagementPolicy', errors)
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate' && type !== 'OnDelete')
    errors.push(fieldNotSupported('spec.updateStrategy', spec.updateStrategy, ['RollingUpdate', 'OnDelete']))
  if (type === 'OnDelete' && rollingUpdate)
    errors.push(
      fieldInvalid(
        'spec.updateStrategy.rollingUpdate',
        rollingUpdate,
        "only allowed for updateStrategy 'RollingUpdate'",
      ),
    )
  checkNotNegative(rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition', errors)
  checkCountOrPercent(rollingUpdate?.maxUnavailable, 'spec.updateStrategy.rollingUpdate.maxUnavailable', errors)
  const retention = spec.persistentVolumeClaimRetentionPolicy
  for (const when of ['whenDeleted', 'whenScaled'] as const)
    checkSupported(retention?.[when], ['Retain', 'Delete'], `spec.persistentVolumeClaimRetentionPolicy.${when}`, errors)
  checkNotNegative(spec.replicas, 'spec.replicas', errors)
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  checkNotNegative(spec.ordinals?.start, 'spec.ordinals.start', errors)
  checkRunningWorkload(spec, { inSelector: 'statefulset', inDeadline: 'StatefulSet' }, errors)
  return errors
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

/** Everything else would leave pods and volumes of two kinds under one name. */
function validateUpdate({ spec: next }: StatefulSet, { spec: previous }: StatefulSet): FieldError[] {
  const rest = (spec: StatefulSet['spec']): object =>
    Object.fromEntries(Object.entries(spec ?? {}).filter(([name]) => !(changeable as readonly string[]).includes(name)))
  if (jsonEqual(rest(next), rest(previous))) return []
  return [
    fieldForbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ]
}
