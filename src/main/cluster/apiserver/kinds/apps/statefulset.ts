import type { PodTemplateSpec, StatefulSet, StatefulSetUpdateStrategy } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkNotNegative, checkSupported } from '../../validation/fields.ts'
import { checkClaimSpec } from '../../validation/persistent-volumes.ts'
import { templateWarnings } from '../../validation/pod-warnings.ts'
import type { Wire } from '../../api/wire.ts'
import { checkStatusCounts } from '../../validation/workload-status.ts'
import {
  checkAtMostHundredPercent,
  checkCountOrPercent,
  checkRunningWorkload,
  isZero,
} from '../../validation/workloads.ts'
import { age, text, wide, workloadColumns } from '../../api/columns.ts'

/** Runs pods with stable names, order and volumes. */
export const statefulSet: KindDeclaration<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.apps.v1.StatefulSet',
  // Pod names are its name and an ordinal.
  validateName: labelProblems,
  setDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0 }
  },
  status: {
    validateStatus: (next, previous) => checkStatusCounts(next.status, previous.status, statusRules),
  },
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  validate,
  validateUpdate,
  warnings: (object, previous) => templateWarnings(object, previous, object.spec?.template),
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
  // A strategy that is named without its rules has none.
  if (!strategy.type) {
    strategy.type = 'RollingUpdate'
    strategy.rollingUpdate ??= {}
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  retention.whenDeleted ||= 'Retain'
  retention.whenScaled ||= 'Retain'
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1'
    claim.kind = 'PersistentVolumeClaim'
    const claimSpec = (claim.spec ??= {})
    claimSpec.volumeMode ??= 'Filesystem'
    const claimStatus = (claim.status ??= {})
    claimStatus.phase ||= 'Pending'
  }
  setPodTemplateDefaults((spec.template ??= {}))
}

type Template = Wire<PodTemplateSpec>

const statusRules = {
  counts: ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
  parts: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
  ready: 'status.readyReplicas',
}

function validate({ spec = {} }: Wire<StatefulSet>, previous?: Wire<StatefulSet>): FieldError[] {
  const errors: FieldError[] = []
  if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel')
    errors.push(
      fieldInvalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"),
    )
  checkStrategy(spec.updateStrategy ?? {}, errors)
  const retention = spec.persistentVolumeClaimRetentionPolicy
  for (const when of ['whenDeleted', 'whenScaled'] as const)
    checkSupported(retention?.[when], ['Retain', 'Delete'], `spec.persistentVolumeClaimRetentionPolicy.${when}`, errors)
  checkNotNegative(spec.replicas, 'spec.replicas', errors)
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  checkNotNegative(spec.ordinals?.start, 'spec.ordinals.start', errors)
  // Names that predate this validation may stay.
  if (spec.serviceName && spec.serviceName !== previous?.spec?.serviceName)
    addInvalid(labelProblems(spec.serviceName), spec.serviceName, 'spec.serviceName', errors)
  if (!previous)
    spec.volumeClaimTemplates?.forEach(({ spec: claim = {} }, i) =>
      checkClaimSpec(claim, `spec.volumeClaimTemplates[${i}].spec`, errors),
    )
  const { selector } = spec
  checkRunningWorkload(
    { selector, template: withClaims(spec) },
    { inSelector: 'statefulset', inDeadline: 'StatefulSet' },
    errors,
  )
  return errors
}

function checkStrategy(strategy: Wire<StatefulSetUpdateStrategy>, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy
  const field = 'spec.updateStrategy'
  if (type !== 'RollingUpdate' && type !== 'OnDelete')
    errors.push(fieldInvalid(field, strategy, "must be 'RollingUpdate' or 'OnDelete'"))
  if (!rollingUpdate) return
  if (type === 'OnDelete')
    errors.push(
      fieldInvalid(`${field}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"),
    )
  if (type !== 'RollingUpdate') return
  const { partition, maxUnavailable } = rollingUpdate
  const at = `${field}.rollingUpdate.maxUnavailable`
  checkNotNegative(partition, `${field}.rollingUpdate.partition`, errors)
  checkCountOrPercent(maxUnavailable, at, errors)
  if (isZero(maxUnavailable)) errors.push(fieldInvalid(at, maxUnavailable, 'cannot be 0'))
  checkAtMostHundredPercent(maxUnavailable, at, errors)
}

/** The template as pods get it: with a volume for every claim. */
function withClaims({ template = {}, volumeClaimTemplates = [] }: NonNullable<Wire<StatefulSet>['spec']>): Template {
  const volumes = template.spec?.volumes ?? []
  const claimed = volumeClaimTemplates
    .map(({ metadata }) => metadata?.name)
    .filter((name) => name !== undefined && !volumes.some((volume) => volume.name === name))
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  // Claims come first, so that Kubernetes' messages count the template's volumes after them.
  return claimed.length === 0
    ? template
    : { ...template, spec: { ...template.spec, volumes: [...claimed, ...volumes] } }
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

/** Other changes would leave pods and volumes of different specs under the same names. */
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
