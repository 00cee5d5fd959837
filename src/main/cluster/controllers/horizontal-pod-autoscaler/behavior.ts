import type { HorizontalPodAutoscaler, HPAScalingRules } from '#shared/kube/generated/types.ts'

/**
 * From the count that metrics ask for to the one that is written: stabilisation windows, then limits of rate and size
 * (`spec.behavior`, or the defaults without one).
 */

/** What is remembered of an autoscaler between its reconciles. */
export interface Memory {
  /** The counts that metrics asked for. */
  recommendations: readonly { replicas: number; at: number }[]
  /** Changes of the scale by this controller, as positive numbers. */
  grown: readonly Change[]
  shrunk: readonly Change[]
}

interface Change {
  by: number
  at: number
}

export interface Bounds {
  min: number
  max: number
}

export interface Normalized {
  replicas: number
  /** Reason and message of AbleToScale. */
  stabilized: Reason
  /** Whether the count is not the stabilised one; reason and message of ScalingLimited. */
  isLimited: boolean
  limit: Reason
  recommendations: Memory['recommendations']
}

interface Reason {
  reason: string
  message: string
}

interface Wanted {
  current: number
  /** What the metrics ask for. */
  desired: number
  bounds: Bounds
  memory: Memory
  now: number
}

const ready = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
const growthStabilized = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}
const shrinkageStabilized = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}
const withinRange = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }
const tooMany = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
}
const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }
const tooFast = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
}
const tooFastDown = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
}

/** @param defaultWindowMs stabilisation of shrinking where the behavior names none */
export function normalize(
  behavior: HorizontalPodAutoscaler['spec']['behavior'],
  wanted: Wanted,
  defaultWindowMs: number,
): Normalized {
  const stable = behavior
    ? stabilizeBy(windowsOf(behavior, defaultWindowMs), wanted)
    : stabilizeShrinking(defaultWindowMs, wanted)
  const { replicas, limit } = behavior
    ? limitBy(behavior, { ...wanted, desired: stable.replicas })
    : limitByDefault({ ...wanted, desired: stable.replicas })
  return {
    replicas,
    stabilized: stable.replicas === wanted.desired ? ready : stable.reason,
    isLimited: replicas !== stable.replicas,
    limit,
    recommendations: stable.recommendations,
  }
}

interface Stable {
  replicas: number
  reason: Reason
  recommendations: Memory['recommendations']
}

/** Without a behavior, the highest recommendation of the window. */
function stabilizeShrinking(windowMs: number, { desired, memory, now }: Wanted): Stable {
  const recent = memory.recommendations.filter(({ at }) => at >= now - windowMs)
  return {
    replicas: Math.max(desired, ...recent.map(({ replicas }) => replicas)),
    reason: shrinkageStabilized,
    recommendations: [...recent, { replicas: desired, at: now }],
  }
}

interface Windows {
  upMs: number
  downMs: number
}

const windowsOf = (
  { scaleUp, scaleDown }: NonNullable<HorizontalPodAutoscaler['spec']['behavior']>,
  defaultWindowMs: number,
): Windows => ({
  upMs: (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000,
  downMs: secondsOf(scaleDown) ?? defaultWindowMs,
})

const secondsOf = (rules: HPAScalingRules | undefined): number | undefined =>
  rules?.stabilizationWindowSeconds === undefined ? undefined : rules.stabilizationWindowSeconds * 1000

/** As close to the current count as the recommendations of both windows allow. */
function stabilizeBy({ upMs, downMs }: Windows, { current, desired, memory, now }: Wanted): Stable {
  const within = (windowMs: number): number[] =>
    memory.recommendations.filter(({ at }) => at > now - windowMs).map(({ replicas }) => replicas)
  const lowest = Math.min(desired, ...within(upMs))
  const highest = Math.max(desired, ...within(downMs))
  const usable = memory.recommendations.filter(({ at }) => at >= now - Math.max(upMs, downMs))
  return {
    replicas: Math.min(Math.max(current, lowest), highest),
    reason: desired >= current ? growthStabilized : shrinkageStabilized,
    recommendations: [...usable, { replicas: desired, at: now }],
  }
}

/** Without a behavior, growth is limited to doubling, or to four replicas. */
function limitByDefault({ current, desired, bounds }: Wanted): { replicas: number; limit: Reason } {
  const fastest = Math.max(2 * current, 4)
  const most = Math.min(bounds.max, fastest)
  if (desired < bounds.min) return { replicas: bounds.min, limit: tooFew }
  if (desired > most) return { replicas: most, limit: bounds.max > fastest ? tooFast : tooMany }
  return { replicas: desired, limit: withinRange }
}

function limitBy(
  { scaleUp = {}, scaleDown = {} }: NonNullable<HorizontalPodAutoscaler['spec']['behavior']>,
  wanted: Wanted,
): { replicas: number; limit: Reason } {
  const { current, desired, bounds } = wanted
  if (desired > current) {
    const fastest = Math.max(current, growthLimit(scaleUp, wanted))
    const most = Math.min(bounds.max, fastest)
    if (desired > most) return { replicas: most, limit: bounds.max > fastest ? tooFast : tooMany }
  } else if (desired < current) {
    const fastest = Math.min(current, shrinkageLimit(scaleDown, wanted))
    const fewest = Math.max(bounds.min, fastest)
    if (desired < fewest) return { replicas: fewest, limit: bounds.min < fastest ? tooFastDown : tooFew }
  }
  return { replicas: desired, limit: withinRange }
}

/** The most replicas that the policies allow now. */
function growthLimit(rules: HPAScalingRules, wanted: Wanted): number {
  if (rules.selectPolicy === 'Disabled') return wanted.current
  const proposals = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = replicasBefore(periodSeconds, wanted)
    // Rounded up: else few replicas would never become more.
    return type === 'Percent' ? Math.ceil(start * (1 + value / 100)) : start + value
  })
  return rules.selectPolicy === 'Min' ? Math.min(...proposals) : Math.max(...proposals)
}

/** The fewest replicas that the policies allow now. */
function shrinkageLimit(rules: HPAScalingRules, wanted: Wanted): number {
  if (rules.selectPolicy === 'Disabled') return wanted.current
  const proposals = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = replicasBefore(periodSeconds, wanted)
    return type === 'Percent' ? Math.trunc(start * (1 - value / 100)) : start - value
  })
  return rules.selectPolicy === 'Min' ? Math.max(...proposals) : Math.min(...proposals)
}

/** The count at the start of a policy's period, by the changes since. */
function replicasBefore(periodSeconds: number, { current, memory, now }: Wanted): number {
  const within = (changes: readonly Change[]): number =>
    changes.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0)
  return current - within(memory.grown) + within(memory.shrunk)
}

/** The memory after the scale was changed; changes beyond the longest possible period are forgotten. */
export function withChange(memory: Memory, from: number, to: number, now: number): Memory {
  const recent = (changes: readonly Change[]): Change[] => changes.filter(({ at }) => at > now - longestPeriodMs)
  const change = { by: Math.abs(to - from), at: now }
  return {
    ...memory,
    grown: to > from ? [...recent(memory.grown), change] : recent(memory.grown),
    shrunk: to < from ? [...recent(memory.shrunk), change] : recent(memory.shrunk),
  }
}

/** As validation limits `periodSeconds`. */
const longestPeriodMs = 1_800_000
