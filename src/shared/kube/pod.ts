import type { Container, ContainerStatus, Pod, PodCondition, ResourceRequirements } from './generated/types.ts'
import { humanDuration } from './human-duration.ts'
import { addQuantities, compareQuantities } from './quantity.ts'

/** What a pod's status says, in the terms that controllers and people use. */

export const podCondition = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type)

export const isPodReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True'

/** When the pod became ready, in ms since the epoch; 0 when it is not or does not say. */
export function readySince(pod: Pod): number {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True' || !ready.lastTransitionTime) return 0
  return Date.parse(ready.lastTransitionTime)
}

/** Ready, and for at least `minReadySeconds`. @param now ms since the epoch */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isPodReady(pod)) return false
  if (minReadySeconds <= 0) return true
  const since = readySince(pod)
  return since > 0 && since + minReadySeconds * 1000 <= now
}

/**
 * How long until the next pod that is ready has been so for `minReadySeconds`, in ms; undefined when none is on the
 * way. No event announces that moment.
 */
export function msUntilAvailable(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  const waiting = pods.filter((pod) => isPodReady(pod) && !isPodAvailable(pod, minReadySeconds, now))
  if (minReadySeconds <= 0 || waiting.length === 0) return undefined
  return Math.max(1, Math.min(...waiting.map(readySince)) + minReadySeconds * 1000 - now)
}

/** Whether the pod has ended for good. */
export const isPodTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Neither ended nor being deleted: what a ReplicaSet counts. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined

/** An init container that keeps running beside the others: a sidecar. */
export const isRestartableInit = (container: Container): boolean => container.restartPolicy === 'Always'

/** A pod in words, as `kubectl get pods` prints it. */
export interface PodSummary {
  /** `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating`, `Completed` … */
  status: string
  readyContainers: number
  totalContainers: number
  restarts: number
  /** When a container last ended to be restarted; undefined when none was. */
  lastRestart: number | undefined
}

export function summarizePod(pod: Pod): PodSummary {
  const { spec, status = {}, metadata } = pod
  const sidecars = new Set((spec?.initContainers ?? []).filter(isRestartableInit).map(({ name }) => name))
  const summary: PodSummary = {
    status: firstReason(pod),
    readyContainers: 0,
    totalContainers: (spec?.containers.length ?? 0) + sidecars.size,
    restarts: 0,
    lastRestart: undefined,
  }
  const initializing = readInitContainers(pod, sidecars, summary)
  if (!initializing || podCondition(pod, 'Initialized')?.status === 'True') {
    // Once the containers run, past restarts of init containers are of no interest; those of sidecars are.
    const counted = (status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))
    summary.restarts = 0
    summary.lastRestart = undefined
    for (const container of counted) countRestarts(container, summary)
    readContainers(pod, summary)
  }
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') summary.status = 'Unknown'
    else if (!isPodTerminal(pod)) summary.status = 'Terminating'
  }
  return summary
}

function firstReason({ status = {} }: Pod): string {
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')
  if (gated) return 'SchedulingGated'
  return status.reason || (status.phase ?? '')
}

/** @returns whether an init container still stands before the others. */
function readInitContainers({ spec, status }: Pod, sidecars: ReadonlySet<string>, summary: PodSummary): boolean {
  for (const [index, container] of (status?.initContainerStatuses ?? []).entries()) {
    countRestarts(container, summary)
    const { terminated, waiting } = container.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) summary.readyContainers++
      continue
    }
    if (terminated) summary.status = `Init:${endOf(terminated)}`
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') summary.status = `Init:${waiting.reason}`
    else summary.status = `Init:${index}/${spec?.initContainers?.length ?? 0}`
    return true
  }
  return false
}

function readContainers(pod: Pod, summary: PodSummary): void {
  let running = false
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestarts(container, summary)
    const { waiting, terminated, running: runs } = container.state ?? {}
    if (waiting?.reason) summary.status = waiting.reason
    else if (terminated) summary.status = endOf(terminated)
    else if (container.ready && runs) {
      running = true
      summary.readyContainers++
    }
  }
  // Where one container has completed and another goes on, the pod is not completed.
  if (summary.status === 'Completed' && running) summary.status = isPodReady(pod) ? 'Running' : 'NotReady'
}

function endOf({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

function countRestarts({ restartCount, lastState }: ContainerStatus, summary: PodSummary): void {
  summary.restarts += restartCount
  const finished = lastState?.terminated?.finishedAt
  if (!finished) return
  const at = Date.parse(finished)
  if (summary.lastRestart === undefined || at > summary.lastRestart) summary.lastRestart = at
}

/** The RESTARTS column: `0`, `3 (2m ago)`. @param now ms since the epoch */
export function restartsText({ restarts, lastRestart }: PodSummary, now: number): string {
  if (restarts === 0 || lastRestart === undefined) return String(restarts)
  return `${restarts} (${humanDuration(now - lastRestart)} ago)`
}

/** Resource names to quantities. */
export type ResourceList = Record<string, string>

/**
 * What a pod asks of its node: its containers and sidecars together, or the most that any init container needs while
 * the sidecars before it run, plus the overhead of its runtime.
 */
export const podRequests = (pod: Pod): ResourceList => podResources(pod, 'requests')

/** What a pod may use, computed like its requests. */
export const podLimits = (pod: Pod): ResourceList => podResources(pod, 'limits')

function podResources({ spec }: Pod, side: 'requests' | 'limits'): ResourceList {
  if (!spec) return {}
  const total: ResourceList = {}
  for (const container of spec.containers) add(total, container.resources?.[side])
  const sidecars: ResourceList = {}
  const initPeak: ResourceList = {}
  for (const container of spec.initContainers ?? []) {
    if (isRestartableInit(container)) {
      add(total, container.resources?.[side])
      add(sidecars, container.resources?.[side])
      raise(initPeak, sidecars)
    } else {
      const needed = { ...sidecars }
      add(needed, container.resources?.[side])
      raise(initPeak, needed)
    }
  }
  raise(total, initPeak)
  override(total, spec.resources, side)
  add(total, spec.overhead)
  return total
}

/** Resources of the pod as a whole take the place of the sum of its containers'. */
function override(total: ResourceList, resources: ResourceRequirements | undefined, side: 'requests' | 'limits'): void {
  for (const [name, quantity] of Object.entries(resources?.[side] ?? {})) total[name] = quantity
}

function add(to: ResourceList, more: Record<string, string> | undefined): void {
  for (const name in more) {
    const quantity = more[name] ?? '0'
    to[name] = to[name] === undefined ? quantity : addQuantities(to[name], quantity)
  }
}

function raise(to: ResourceList, least: ResourceList): void {
  for (const name in least) {
    const quantity = least[name] ?? '0'
    if (to[name] === undefined || compareQuantities(to[name], quantity) < 0) to[name] = quantity
  }
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** Which pods go first when memory runs out: by whether requests and limits of CPU and memory are given and equal. */
export function qosClassOf({ spec }: Pod): QosClass {
  const containers = spec?.resources ? [{ resources: spec.resources }] : allContainers(spec)
  let any = false
  let guaranteed = true
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory']) {
      const request = nonZero(resources?.requests?.[name])
      const limit = nonZero(resources?.limits?.[name])
      if (request !== undefined || limit !== undefined) any = true
      if (limit === undefined || (request !== undefined && compareQuantities(request, limit) !== 0)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

const allContainers = (spec: Pod['spec']): readonly Container[] =>
  spec?.initContainers ? [...spec.containers, ...spec.initContainers] : (spec?.containers ?? [])

const nonZero = (quantity: string | undefined): string | undefined =>
  quantity === undefined || compareQuantities(quantity, '0') === 0 ? undefined : quantity

/** Set by a kubelet on the pods that show what it runs from files of its own. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror'

export const isMirrorPod = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined
