import { jsonEqual } from '#shared/kube/json.ts'
import type { Job, JobSpec } from '#shared/kube/generated/types.ts'
import { humanDuration } from '#shared/kube/human-duration.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { checkImmutable, checkNotNegative, checkSupported } from '../../validation/fields.ts'
import { checkLabelSelector } from '../../validation/labels.ts'
import { checkPodTemplate } from '../../validation/pod-spec.ts'
import { checkSelected } from '../../validation/workloads.ts'
import type { Wire } from '../../validation/wire.ts'
import { podWarnings } from '../../validation/pod-warnings.ts'
import { age, text, workloadColumns } from '../columns.ts'

const uidLabel = 'batch.kubernetes.io/controller-uid'
const nameLabel = 'batch.kubernetes.io/job-name'
/** What the labels were called before v1.27; pods still carry both. */
const oldUidLabel = 'controller-uid'
const oldNameLabel = 'job-name'

/** Pods that run until enough of them have succeeded. */
export const job: KindDeclaration<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.batch.v1.Job',
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
    if (!object.spec?.manualSelector) selectByUid(object)
    labelAsTemplate(object)
  },
  status: {},
  validate,
  warnings: ({ spec }) => podWarnings(spec?.template.spec, 'spec.template.spec'),
  validateUpdate,
  fields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  columns: [
    text('Status', 'How far it is, in one word.', statusText),
    text('Completions', 'Successful pods, of those wanted.', completionsText),
    text('Duration', 'How long it took, or takes so far.', durationText),
    age,
    ...workloadColumns<Job>(
      ({ spec }) => spec?.template.spec?.containers ?? [],
      ({ spec }) => spec?.selector,
    ),
  ],
}

const unlimited = 2 ** 31 - 1

function setDefaults({ spec, metadata }: Wire<Job>): void {
  if (!spec) return
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : unlimited
  spec.completionMode ||= 'NonIndexed'
  spec.suspend ??= false
  spec.manualSelector ??= false
  spec.podReplacementPolicy ||= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
  setPodTemplateDefaults(spec.template)
  labelAsTemplate({ spec, metadata })
}

/** A Job without labels of its own carries those of its pods. */
function labelAsTemplate({ spec, metadata }: Wire<Job>): void {
  const labels = spec?.template?.metadata?.labels
  if (metadata && labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}

/** A Job finds its pods by its own uid, so that no other Job can take them for its own. */
function selectByUid({ metadata, spec }: Wire<Job>): void {
  if (!spec?.template) return
  const { uid = '', name = '' } = metadata ?? {}
  const own = { [oldUidLabel]: uid, [uidLabel]: uid, [oldNameLabel]: name, [nameLabel]: name }
  const template = (spec.template.metadata ??= {})
  template.labels = { ...own, ...template.labels }
  spec.selector = { ...spec.selector, matchLabels: { [uidLabel]: uid, ...spec.selector?.matchLabels } }
}

function validate({ spec = {}, metadata }: Wire<Job>): FieldError[] {
  const errors: FieldError[] = []
  for (const name of counts) checkNotNegative(spec[name], `spec.${name}`, errors)
  checkSupported(spec.completionMode, ['Indexed', 'NonIndexed'], 'spec.completionMode', errors)
  if (spec.completionMode === 'Indexed' && spec.completions === undefined)
    errors.push(fieldRequired('spec.completions', 'when completion mode is Indexed'))
  checkSelector(spec, metadata?.uid ?? '', errors)
  checkLabelSelector(spec.selector, 'spec.selector', errors)
  if (!spec.template) errors.push(fieldRequired('spec.template'))
  else {
    checkSelected(spec.selector, spec.template, errors)
    checkPodTemplate(spec.template, 'spec.template', errors)
    checkRestartPolicy(spec, errors)
  }
  checkSupported(spec.podReplacementPolicy, ['Failed', 'TerminatingOrFailed'], 'spec.podReplacementPolicy', errors)
  return errors
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
  'ttlSecondsAfterFinished',
] as const

/** Labels that the server makes up may not be given otherwise. */
function checkSelector({ manualSelector, selector, template }: Wire<JobSpec>, uid: string, errors: FieldError[]): void {
  if (manualSelector) {
    if (!selector) errors.push(fieldRequired('spec.selector'))
    return
  }
  const labels = template?.metadata?.labels ?? {}
  const own = labels[uidLabel] === uid && (labels[oldUidLabel] ?? uid) === uid
  const selected = selector?.matchLabels?.[uidLabel] ?? selector?.matchLabels?.[oldUidLabel]
  if (!own || selected !== uid) errors.push(fieldInvalid('spec.selector', selector, '`selector` not auto-generated'))
}

function checkRestartPolicy({ template, completionMode }: Wire<JobSpec>, errors: FieldError[]): void {
  const policy = template?.spec?.restartPolicy
  const field = 'spec.template.spec.restartPolicy'
  const supported = ['OnFailure', 'Never']
  if (policy === 'Always') errors.push(fieldRequired(field, 'valid values: "OnFailure", "Never"'))
  else if (policy !== undefined && !supported.includes(policy)) errors.push(fieldNotSupported(field, policy, supported))
  if (completionMode === 'Indexed' && template?.spec?.subdomain === '')
    errors.push(fieldInvalid('spec.template.spec.subdomain', '', 'must not be empty'))
}

function validateUpdate({ spec: next = {} }: Wire<Job>, previous: Wire<Job>): FieldError[] {
  const errors: FieldError[] = []
  const old = previous.spec ?? {}
  // An Indexed job may grow and shrink, both numbers together.
  const elastic = next.completionMode === 'Indexed' && next.completions === next.parallelism
  if (!elastic) checkImmutable(next.completions, old.completions, 'spec.completions', errors)
  for (const name of [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'successPolicy',
    'managedBy',
  ] as const)
    checkImmutable(next[name], old[name], `spec.${name}`, errors)
  if (!jsonEqual(withoutDirectives(next, previous), old.template))
    errors.push(fieldInvalid('spec.template', next.template, 'field is immutable'))
  return errors
}

/** While a job is suspended and has not started, queues may still say where its pods go. */
function withoutDirectives({ template }: Wire<JobSpec>, { spec, status }: Wire<Job>): unknown {
  if (!spec?.suspend || status?.startTime) return template
  const old = spec.template
  const { affinity, nodeSelector, tolerations, schedulingGates } = old?.spec ?? {}
  return {
    ...template,
    metadata: { ...template?.metadata, labels: old?.metadata?.labels, annotations: old?.metadata?.annotations },
    spec: { ...template?.spec, affinity, nodeSelector, tolerations, schedulingGates },
  }
}

function statusText({ status, spec, metadata }: Job): string {
  const is = (type: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  if (is('Complete')) return 'Complete'
  if (is('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  if (spec?.suspend && is('Suspended')) return 'Suspended'
  if (is('FailureTarget')) return 'FailureTarget'
  return is('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationText({ status }: Job, now: number): string {
  if (!status?.startTime) return ''
  const failed = status.conditions?.find(({ type, status: state }) => type === 'Failed' && state === 'True')
  const end = status.completionTime ?? failed?.lastTransitionTime
  return humanDuration((end ? Date.parse(end) : now) - Date.parse(status.startTime))
}
