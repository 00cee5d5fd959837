import { jsonEqual } from '#shared/kube/json.ts'
import type { Container, Job, JobCondition, LabelSelector } from '#shared/kube/generated/types.ts'
import { humanDuration } from '#shared/kube/human-duration.ts'
import { selects } from '#shared/kube/selectors.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import { setFailurePolicyDefaults } from '../../../defaulting/job-spec.ts'
import { setPodTemplateDefaults } from '../../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { checkImmutable } from '../../../validation/fields.ts'
import { checkJobStatus } from './status.ts'
import { checkJobSpec } from '../../../validation/jobs.ts'
import { checkLabelSelector } from '../../../validation/labels.ts'
import { checkSelected } from '../../../validation/workloads.ts'
import type { Wire } from '../../../api/wire.ts'
import { templateWarnings } from '../../../validation/pod-warnings.ts'
import { age, text, workloadColumns } from '../../../api/columns.ts'

const uidLabel = 'batch.kubernetes.io/controller-uid'
const nameLabel = 'batch.kubernetes.io/job-name'
/** The label's name before v1.27; pods have both. */
const oldUidLabel = 'controller-uid'
const oldNameLabel = 'job-name'

/** Runs pods until a number of them has succeeded. */
export const job: KindDeclaration<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  validatesUpdateTwice: true,
  // For compatibility with clients from before garbage collection.
  orphansDependents: true,
  orphanWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  schema: 'io.k8s.api.batch.v1.Job',
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
    if (!object.spec?.manualSelector) selectByUid(object)
    labelAsTemplate(object)
  },
  status: { validateStatus: checkJobStatus },
  validate,
  warnings: (object, previous) => templateWarnings(object, previous, object.spec?.template),
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

function setDefaults(object: Wire<Job>): void {
  const spec = (object.spec ??= {})
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : unlimited
  spec.completionMode ||= 'NonIndexed'
  spec.suspend ??= false
  spec.manualSelector ??= false
  spec.podReplacementPolicy ||= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  setFailurePolicyDefaults(spec)
  setPodTemplateDefaults((spec.template ??= {}))
  labelAsTemplate(object)
}

/** A Job without labels gets those of its template. */
function labelAsTemplate({ spec, metadata }: Wire<Job>): void {
  const labels = spec?.template?.metadata?.labels
  if (metadata && labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}

/** A Job selects its pods by its own uid, so that it cannot match pods of another Job. */
function selectByUid({ metadata, spec }: Wire<Job>): void {
  if (!spec?.template) return
  const { uid = '', name = '' } = metadata ?? {}
  const own = { [oldUidLabel]: uid, [uidLabel]: uid, [oldNameLabel]: name, [nameLabel]: name }
  const template = (spec.template.metadata ??= {})
  template.labels = { ...own, ...template.labels }
  spec.selector = { ...spec.selector, matchLabels: { [uidLabel]: uid, ...spec.selector?.matchLabels } }
}

function validate({ spec = {}, metadata = {} }: Wire<Job>): FieldError[] {
  const errors: FieldError[] = []
  checkOwnSelector({ spec, metadata }, errors)
  checkJobSpec(spec, 'spec', errors)
  if (!spec.selector) errors.push(fieldRequired('spec.selector'))
  checkLabelSelector(spec.selector, 'spec.selector', errors)
  checkSelected(spec.selector, spec.template ?? {}, errors)
  checkLastPodName({ spec, metadata }, errors)
  return errors
}

/** Generated labels and selectors may not be set to other values. */
function checkOwnSelector({ spec = {}, metadata = {} }: Wire<Job>, errors: FieldError[]): void {
  if (spec.manualSelector || !spec.selector) return
  const { uid = '', name = '' } = metadata
  const own = { [oldUidLabel]: uid, [oldNameLabel]: name, [uidLabel]: uid, [nameLabel]: name }
  const labels = (spec.template?.metadata?.labels ?? {}) as Record<string, string>
  for (const [key, value] of Object.entries(own)) {
    const field = `spec.template.metadata.labels[${key}]`
    if (labels[key] === undefined) errors.push(fieldRequired(field, `must be '${value}'`))
    else if (labels[key] !== value) errors.push(fieldInvalid(field, labels, `must be '${value}'`))
  }
  if (!selects(spec.selector as LabelSelector, own))
    errors.push(fieldInvalid('spec.selector', spec.selector, '`selector` not auto-generated'))
}

/** The host names of an Indexed Job's pods end with their index, and must be DNS labels. */
function checkLastPodName({ spec = {}, metadata = {} }: Wire<Job>, errors: FieldError[]): void {
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return
  const last = `${metadata.name ?? ''}-${spec.completions - 1}`
  if (labelProblems(last).length > 0)
    errors.push(
      fieldInvalid('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${last}`),
    )
}

function validateUpdate({ spec: next = {} }: Wire<Job>, previous: Wire<Job>): FieldError[] {
  const errors: FieldError[] = []
  const old = previous.spec ?? {}
  if (next.completionMode !== 'Indexed') checkImmutable(next.completions, old.completions, 'spec.completions', errors)
  // An Indexed Job can be scaled by changing completions and parallelism together.
  else if (next.completions !== undefined && next.completions !== old.completions)
    if (next.completions !== next.parallelism)
      errors.push(
        fieldInvalid('spec.completions', next.completions, 'can only be modified in tandem with spec.parallelism'),
      )
  checkImmutable(next.selector, old.selector, 'spec.selector', errors)
  if (!jsonEqual(withoutDirectives(next.template?.spec, previous), old.template?.spec))
    errors.push(fieldInvalid('spec.template.spec', next.template?.spec, 'field is immutable'))
  for (const name of immutable) checkImmutable(next[name], old[name], `spec.${name}`, errors)
  return errors
}

const immutable = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

type PodSpecOfJob = NonNullable<NonNullable<Wire<Job>['spec']>['template']>['spec']

/**
 * While a Job is suspended and has no running pods, queue controllers may change its scheduling directives and
 * resources.
 */
function withoutDirectives(spec: PodSpecOfJob, previous: Wire<Job>): unknown {
  if (!isSuspended(previous)) return spec
  const old = previous.spec?.template?.spec ?? {}
  const { affinity, nodeSelector, tolerations, schedulingGates, containers, initContainers } = old
  return {
    ...spec,
    // Only the node affinity may change.
    affinity: jsonEqual(withoutNodes(spec?.affinity), withoutNodes(affinity)) ? affinity : spec?.affinity,
    nodeSelector,
    tolerations,
    schedulingGates,
    containers: withResourcesOf(spec?.containers, containers),
    initContainers: withResourcesOf(spec?.initContainers, initContainers),
  }
}

function isSuspended({ spec, status }: Wire<Job>): boolean {
  if (!spec?.suspend || (status?.active ?? 0) > 0) return false
  return !status?.startTime || isTrue(status.conditions ?? [], 'Suspended')
}

const isTrue = (conditions: readonly Wire<JobCondition>[], type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === 'True')

function withoutNodes(affinity: object = {}): object {
  return Object.fromEntries(Object.entries(affinity).filter(([name]) => name !== 'nodeAffinity'))
}

const withResourcesOf = (containers: Wire<Container>[] | undefined, old: Wire<Container>[] = []): unknown =>
  containers?.map((container, i) => ({ ...container, resources: old[i]?.resources }))

function statusText({ status, spec, metadata }: Job): string {
  const is = (type: string): boolean => isTrue(status?.conditions ?? [], type)
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
