import { setCondition } from '#shared/kube/conditions.ts'
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
  Pod,
  Scale,
} from '#shared/kube/generated/types.ts'
import { defined } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { parseQuantity } from '#shared/kube/quantity.ts'
import { parseLabelSelector, SelectorSyntaxError } from '#shared/kube/selectors.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { normalize, withChange, type Memory } from './behavior.ts'
import { propose, type Proposal, type Reading } from './metric-status.ts'
import type { ReadinessSettings, Tolerance } from './replicas.ts'

/** One autoscaler and all that is known when it is reconciled. */
export interface Snapshot {
  hpa: Stored<HorizontalPodAutoscaler>
  scale: Scale
  /** Those that the scale selects. */
  pods: readonly Stored<Pod>[]
  /** Keys of all autoscalers that select any of `pods`. */
  selecting: readonly string[]
  /** What the APIs answered, by index of `spec.metrics`. */
  readings: readonly Reading[]
  /** Undefined of an autoscaler that is seen for the first time. */
  memory: Memory | undefined
  settings: Settings
  /** ms since the epoch. */
  now: number
}

/** As flags of kube-controller-manager set them. */
export interface Settings extends ReadinessSettings {
  tolerance: number
  /** Stabilisation of shrinking where a behavior names none, ms. */
  downscaleStabilizationMs: number
}

export interface Decision {
  /** The count to write to the scale, and why; undefined when it stays. */
  rescale?: { replicas: number; reason: string }
  /** The status when the scale stays, or could not be written. */
  status: HorizontalPodAutoscalerStatus
  events: AutoscalerEvent[]
  memory: Memory
}

export interface AutoscalerEvent {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

type Status = HorizontalPodAutoscalerStatus
type Conditions = HorizontalPodAutoscalerCondition[]

/** Whether metrics decide: not for a target that is disabled, or outside the bounds. */
export function needsMetrics({ spec }: HorizontalPodAutoscaler, scale: Scale): boolean {
  const { min, max } = boundsOf(spec)
  const current = scale.spec?.replicas ?? 0
  return !(current === 0 && min !== 0) && current <= max && current >= min
}

/** Decides on the target's count; reasons, messages and their order are those of Kubernetes' controller. */
export function decide(snapshot: Snapshot): Decision {
  const { hpa, scale, now } = snapshot
  const { min, max } = boundsOf(hpa.spec)
  const current = scale.spec?.replicas ?? 0
  const draft: Draft = {
    conditions: withCondition(hpa.status?.conditions, now, 'AbleToScale', 'True', {
      reason: 'SucceededGetScale',
      message: "the HPA controller was able to get the target's current scale",
    }),
    events: [],
    memory: snapshot.memory ?? { recommendations: [{ replicas: current, at: now }], grown: [], shrunk: [] },
  }
  if (current === 0 && min !== 0) {
    set(draft, now, 'ScalingActive', 'False', {
      reason: 'ScalingDisabled',
      message: 'scaling is disabled since the replica count of the target is zero',
    })
    return settled(snapshot, draft, { desired: current })
  }
  if (current > max)
    return settled(snapshot, draft, {
      desired: max,
      reason: 'Current number of replicas above Spec.MaxReplicas',
    })
  if (current < min)
    return settled(snapshot, draft, {
      desired: min,
      reason: 'Current number of replicas below Spec.MinReplicas',
    })
  return byMetrics(snapshot, draft)
}

/** The status of an autoscaler whose target has no scale, or none that can be read. */
export const withoutScale = (hpa: HorizontalPodAutoscaler, why: string, now: number): Status => ({
  desiredReplicas: 0,
  ...hpa.status,
  conditions: withCondition(hpa.status?.conditions, now, 'AbleToScale', 'False', {
    reason: 'FailedGetScale',
    message: `the HPA controller was unable to get the target's current scale: ${why}`,
  }),
})

/** The status and memory after the decided count has been written. */
export function rescaled(
  { scale, now }: Snapshot,
  { status, memory }: Decision,
  replicas: number,
): Pick<Decision, 'status' | 'memory'> {
  return {
    status: {
      ...status,
      conditions: withCondition(status.conditions, now, 'AbleToScale', 'True', {
        reason: 'SucceededRescale',
        message: `the HPA controller was able to update the target scale to ${replicas}`,
      }),
      desiredReplicas: replicas,
      lastScaleTime: timestamp(now),
    },
    memory: withChange(memory, scale.spec?.replicas ?? 0, replicas, now),
  }
}

/** The status after the decided count could not be written. */
export const notRescaled = ({ now }: Snapshot, { status }: Decision, why: string): Status => ({
  ...status,
  conditions: withCondition(status.conditions, now, 'AbleToScale', 'False', {
    reason: 'FailedUpdateScale',
    message: `the HPA controller was unable to update the target scale: ${why}`,
  }),
})

interface Draft {
  conditions: Conditions
  events: AutoscalerEvent[]
  memory: Memory
}

function byMetrics(snapshot: Snapshot, draft: Draft): Decision {
  const { hpa, scale, settings, now } = snapshot
  const current = scale.spec?.replicas ?? 0
  const { behavior } = hpa.spec
  const combined = combine(snapshot, draft)
  if ('error' in combined) {
    draft.events.push({ type: 'Warning', reason: 'FailedComputeMetricsReplicas', message: combined.error })
    return unchanged(snapshot, draft, combined.statuses)
  }
  const { replicas, statuses, name } = combined
  const normalized = normalize(
    behavior,
    { current, desired: replicas, bounds: boundsOf(hpa.spec), memory: draft.memory, now },
    settings.downscaleStabilizationMs,
  )
  draft.memory = { ...draft.memory, recommendations: normalized.recommendations }
  set(draft, now, 'AbleToScale', 'True', normalized.stabilized)
  set(draft, now, 'ScalingLimited', normalized.isLimited ? 'True' : 'False', normalized.limit)
  const reason = replicas > current ? `${name} above target` : replicas < current ? 'All metrics below target' : ''
  return settled(snapshot, draft, { desired: normalized.replicas, reason, statuses })
}

type Combined =
  { replicas: number; name: string; statuses: MetricStatus[] } | { error: string; statuses: MetricStatus[] | undefined }

/** The highest count that a metric asks for. Some may fail, as long as the others do not ask for fewer replicas. */
function combine(snapshot: Snapshot, draft: Draft): Combined {
  const { hpa, scale, readings, now } = snapshot
  const current = scale.spec?.replicas ?? 0
  const wrong = checkSelector(snapshot, draft)
  if (wrong !== undefined) return { error: wrong, statuses: undefined }

  const metrics = hpa.spec.metrics ?? []
  const scene = {
    pods: snapshot.pods,
    current,
    present: scale.status?.replicas ?? 0,
    tolerance: toleranceOf(hpa, snapshot.settings),
    settings: snapshot.settings,
    namespace: hpa.metadata.namespace ?? '',
    now,
  }
  const proposals = metrics.map((spec, i) => propose(spec, readings[i] ?? { error: 'no metrics known' }, scene))
  const statuses = proposals.map((proposal) => ('status' in proposal ? proposal.status : { type: '' }))
  const failed = proposals.filter((proposal) => 'error' in proposal)
  for (const { reason, message } of failed) draft.events.push({ type: 'Warning', reason, message })
  const highest = highestOf(proposals)
  const [first] = failed
  if (first && (!highest || highest.replicas < current)) {
    const message = `the HPA was unable to compute the replica count: ${first.message}`
    set(draft, now, 'ScalingActive', 'False', { reason: first.reason, message })
    const error = `invalid metrics (${failed.length} invalid out of ${metrics.length}), first error is: ${first.error}`
    return { error, statuses }
  }
  const { name, replicas } = highest ?? { name: '', replicas: 0 }
  set(draft, now, 'ScalingActive', 'True', {
    reason: 'ValidMetricFound',
    message: `the HPA was able to successfully calculate a replica count from ${name}`,
  })
  return { replicas, name, statuses }
}

/** The first of the highest proposals. */
function highestOf(proposals: readonly Proposal[]): Extract<Proposal, { replicas: number }> | undefined {
  let highest: Extract<Proposal, { replicas: number }> | undefined
  for (const proposal of proposals)
    if ('replicas' in proposal && (!highest || highest.replicas === 0 || proposal.replicas > highest.replicas))
      highest = proposal
  return highest
}

/** Reports a scale whose pods cannot be told, or belong to several autoscalers. @returns what is wrong */
function checkSelector({ scale, selecting, now }: Snapshot, draft: Draft): string | undefined {
  const selector = scale.status?.selector ?? ''
  const fail = (eventReason: string, message: string, condition: { reason: string; message: string }): string => {
    draft.events.push({ type: 'Warning', reason: eventReason, message })
    set(draft, now, 'ScalingActive', 'False', condition)
    return message
  }
  if (selector === '')
    return fail('SelectorRequired', 'selector is required', {
      reason: 'InvalidSelector',
      message: "the HPA target's scale is missing a selector",
    })
  try {
    parseLabelSelector(selector)
  } catch (error) {
    if (!(error instanceof SelectorSyntaxError)) throw error
    const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`
    return fail('InvalidSelector', message, { reason: 'InvalidSelector', message })
  }
  if (selecting.length < 2) return undefined
  const message = `pods by selector ${selector} are controlled by multiple HPAs: [${selecting.map(goKey).join(' ')}]`
  return fail('AmbiguousSelector', message, { reason: 'AmbiguousSelector', message })
}

/** A key as Go prints it. */
function goKey(key: string): string {
  const [namespace = '', name = ''] = key.split('/')
  return `{${name} ${namespace}}`
}

function settled(
  snapshot: Snapshot,
  draft: Draft,
  { desired, reason = '', statuses }: { desired: number; reason?: string; statuses?: MetricStatus[] | undefined },
): Decision {
  const { hpa, scale } = snapshot
  const current = scale.spec?.replicas ?? 0
  if (desired === current) return result(hpa, draft, { current, desired: current, statuses })
  // Until the scale is written, the desired count is the former one.
  const before = result(hpa, draft, { current, desired: hpa.status?.desiredReplicas ?? 0, statuses })
  return { ...before, rescale: { replicas: desired, reason } }
}

const unchanged = ({ hpa, scale }: Snapshot, draft: Draft, statuses: MetricStatus[] | undefined): Decision =>
  result(hpa, draft, {
    current: scale.spec?.replicas ?? 0,
    desired: hpa.status?.desiredReplicas ?? 0,
    statuses,
  })

const result = (
  { status }: HorizontalPodAutoscaler,
  { conditions, events, memory }: Draft,
  { current, desired, statuses }: { current: number; desired: number; statuses: MetricStatus[] | undefined },
): Decision => ({
  status: defined({
    currentReplicas: current === 0 ? undefined : current,
    desiredReplicas: desired,
    lastScaleTime: status?.lastScaleTime,
    currentMetrics: statuses,
    conditions,
  }),
  events,
  memory,
})

const boundsOf = ({ minReplicas = 1, maxReplicas }: HorizontalPodAutoscaler['spec']): { min: number; max: number } => ({
  min: minReplicas,
  max: maxReplicas,
})

/** `tolerance` of each direction's rules, or the cluster-wide one. */
function toleranceOf({ spec }: HorizontalPodAutoscaler, { tolerance }: Settings): Tolerance {
  const own = (quantity: string | undefined): number =>
    quantity === undefined ? tolerance : Number(parseQuantity(quantity).nano) / 1e9
  return { up: own(spec.behavior?.scaleUp?.tolerance), down: own(spec.behavior?.scaleDown?.tolerance) }
}

const withCondition = (
  conditions: readonly HorizontalPodAutoscalerCondition[] | undefined,
  now: number,
  type: string,
  status: 'True' | 'False',
  { reason, message }: { reason: string; message: string },
): Conditions => setCondition(conditions, { type, status, reason, message }, timestamp(now))

function set(
  draft: Draft,
  now: number,
  type: string,
  status: 'True' | 'False',
  why: { reason: string; message: string },
): void {
  draft.conditions = withCondition(draft.conditions, now, type, status, why)
}
