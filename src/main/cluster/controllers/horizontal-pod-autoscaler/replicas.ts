import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, isRestartableInit, podCondition, podRequests } from '#shared/kube/pod.ts'
import { quantityMillis } from '#shared/kube/quantity.ts'

/**
 * How many replicas a metric asks for: pure functions of its values, the pods and the current count. Values are
 * thousandths, as in Kubernetes' replica calculator, whose messages these are.
 */

/** The value of a metric for one pod. */
export interface Sample {
  value: number
  /** When it was measured, ms since the epoch. */
  at: number
  /** The time that it covers, ms. */
  windowMs: number
}

export type Samples = ReadonlyMap<string, Sample>

/** What all calculations read. */
export interface Scene {
  pods: readonly Stored<Pod>[]
  /** The replicas that the scale asks for. */
  current: number
  tolerance: Tolerance
  settings: ReadinessSettings
  /** ms since the epoch. */
  now: number
}

/** How far the ratio of usage to target may be from 1 without an effect. */
export interface Tolerance {
  up: number
  down: number
}

export interface ReadinessSettings {
  /** Time after the start of a pod during which CPU samples of unready pods are left out, ms. */
  cpuInitializationMs: number
  /** A pod that became unready within this time after its start has never been ready, ms. */
  initialReadinessDelayMs: number
}

export interface Result {
  replicas: number
  /** The average of a metric of pods, or the total of another one. */
  usage: number
  /** In per cent of the requests. */
  utilization?: number
}

/** A metric from which no count follows; the message is Kubernetes'. */
export class MetricError extends Error {}

/** Replicas for a target in per cent of the requests. @throws MetricError */
export function utilizationReplicas(
  scene: Scene,
  samples: Samples,
  target: { resource: string; container?: string | undefined; percent: number },
): Result {
  const { resource, container, percent } = target
  let requests: ReadonlyMap<string, number> = new Map()
  const measure: Measure = (values) => {
    const known = [...values].filter(([name]) => requests.has(name))
    const requested = sum(known.map(([name]) => requests.get(name) ?? 0))
    if (requested === 0) throw new MetricError('no metrics returned matched known pods')
    const total = sum(known.map(([, value]) => value))
    const utilization = Math.trunc((total * 100) / requested)
    return { ratio: utilization / percent, usage: Math.trunc(total / known.length), utilization }
  }
  // Missing pods hinder a shrinking by what they may use at most: their request, or a target beyond it.
  const most = (name: string): number => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, percent)) / 100)
  return averageReplicas(scene, samples, resource, {
    measure,
    most,
    prepare: () => (requests = requestsOf(scene.pods, resource, container)),
  })
}

/** Replicas for an average value per pod, of a resource or any other metric of pods. @throws MetricError */
export function averageValueReplicas(
  scene: Scene,
  samples: Samples,
  target: { resource?: string | undefined; value: number },
): Result {
  const measure: Measure = (values) => {
    const usage = Math.trunc(sum(values.values()) / values.size)
    return { ratio: usage / target.value, usage }
  }
  return averageReplicas(scene, samples, target.resource ?? '', { measure, most: () => target.value })
}

/** Replicas for a metric that does not belong to pods, by the ratio of its value to the target. @throws MetricError */
export function ratioReplicas({ pods, current, tolerance }: Scene, usage: number, target: number): Result {
  const ratio = usage / target
  // Nothing is ready at zero: the ratio alone decides.
  if (current === 0) return { replicas: ceil(ratio), usage }
  if (isWithin(tolerance, ratio)) return { replicas: current, usage }
  if (pods.length === 0) throw new MetricError(`unable to calculate ready pods: ${noPods}`)
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length
  return { replicas: ceil(ratio * ready), usage }
}

/** Replicas that share the value of a metric, each `target` of it. @param present `status.replicas` of the scale */
export function sharedReplicas(
  { tolerance }: Pick<Scene, 'tolerance'>,
  usage: number,
  target: number,
  present: number,
): Result {
  const isSettled = isWithin(tolerance, usage / (target * present))
  return { replicas: isSettled ? present : ceil(usage / target), usage: Math.ceil(usage / Math.max(1, present)) }
}

type Measure = (values: ReadonlyMap<string, number>) => { ratio: number; usage: number; utilization?: number }

interface Averaging {
  measure: Measure
  /** The assumed value of a pod without a sample when the count would shrink. */
  most(pod: string): number
  prepare?(): void
}

function averageReplicas(scene: Scene, samples: Samples, resource: string, averaging: Averaging): Result {
  const { pods, current, tolerance } = scene
  if (pods.length === 0) throw new MetricError(noPods)
  const { ready, unready, missing, ignored } = groupPods(scene, samples, resource)
  const values = new Map([...samples].map(([name, { value }]) => [name, value]))
  for (const name of [...ignored, ...unready]) values.delete(name)
  if (values.size === 0) throw new MetricError('did not receive metrics for targeted pods (pods might be unready)')
  averaging.prepare?.()

  const { ratio, ...seen } = averaging.measure(values)
  const growsWithUnready = unready.length > 0 && ratio > 1
  if (!growsWithUnready && missing.length === 0)
    return { ...seen, replicas: isWithin(tolerance, ratio) ? current : ceil(ratio * ready) }

  // Pods of unknown usage are assumed to use what makes the change smaller.
  for (const name of missing) {
    if (ratio < 1) values.set(name, averaging.most(name))
    else if (ratio > 1) values.set(name, 0)
  }
  if (growsWithUnready) for (const name of unready) values.set(name, 0)
  const careful = averaging.measure(values).ratio
  const turns = (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1)
  if (turns || isWithin(tolerance, careful)) return { ...seen, replicas: current }
  const replicas = ceil(careful * values.size)
  const turnsBack = (careful < 1 && replicas > current) || (careful > 1 && replicas < current)
  return { ...seen, replicas: turnsBack ? current : replicas }
}

const noPods = 'no pods returned by selector while calculating replica count'

interface PodGroups {
  /** How many pods count fully. */
  ready: number
  unready: string[]
  /** Without a sample. */
  missing: string[]
  /** Ended, or about to be. */
  ignored: string[]
}

function groupPods({ pods, settings, now }: Scene, samples: Samples, resource: string): PodGroups {
  const groups: PodGroups = { ready: 0, unready: [], missing: [], ignored: [] }
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata
    const sample = samples.get(name)
    if (deletionTimestamp || pod.status?.phase === 'Failed') groups.ignored.push(name)
    else if (pod.status?.phase === 'Pending') groups.unready.push(name)
    else if (!sample) groups.missing.push(name)
    else if (resource === 'cpu' && isStarting(pod, sample, settings, now)) groups.unready.push(name)
    else groups.ready++
  }
  return groups
}

/** Pods use more CPU while they start: such samples are no reason to grow. */
function isStarting(pod: Pod, sample: Sample, settings: ReadinessSettings, now: number): boolean {
  const condition = podCondition(pod, 'Ready')
  const started = Date.parse(pod.status?.startTime ?? '')
  if (!condition || Number.isNaN(started)) return true
  const changed = Date.parse(condition.lastTransitionTime ?? '') || 0
  if (started + settings.cpuInitializationMs > now)
    return condition.status === 'False' || sample.at < changed + sample.windowMs
  return condition.status === 'False' && started + settings.initialReadinessDelayMs > changed
}

/** What each pod requests of a resource, or one of its containers. @throws MetricError where a request is missing */
function requestsOf(
  pods: readonly Stored<Pod>[],
  resource: string,
  container: string | undefined,
): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]))
}

function requestOf(pod: Stored<Pod>, resource: string, container: string | undefined): number {
  const { name } = pod.metadata
  if (container === undefined && pod.spec?.resources?.requests) {
    const request = podRequests(pod)[resource]
    if (request === undefined) throw new MetricError(`missing pod-level request for ${resource} in Pod ${name}`)
    return quantityMillis(request)
  }
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isRestartableInit)]
  const counted = container === undefined ? all : all.filter((each) => each.name === container)
  if (container !== undefined && counted.length === 0)
    throw new MetricError(`container ${container} not found in Pod ${name}`)
  return sum(
    counted.map((each) => {
      const request = each.resources?.requests?.[resource]
      if (request === undefined)
        throw new MetricError(`missing request for ${resource} in container ${each.name} of Pod ${name}`)
      return quantityMillis(request)
    }),
  )
}

const isWithin = ({ up, down }: Tolerance, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up

const maxInt32 = 2 ** 31 - 1
const ceil = (replicas: number): number => Math.min(Math.ceil(replicas), maxInt32)

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
