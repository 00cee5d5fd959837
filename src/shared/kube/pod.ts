import type { Container, ContainerStatus, Pod, PodCondition } from './generated/types.ts'
import { humanDuration } from './human-duration.ts'
import { addQuantities, compareQuantities } from './quantity.ts'

/** The meaning of a pod's status, for controllers and for display. */

export const podCondition = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type)

export const isPodReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True'

/** When the pod became ready, ms since the epoch; 0 when it is not ready or the time is unknown. */
export function readySince(pod: Pod): number {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True' || !ready.lastTransitionTime) return 0
  return Date.parse(ready.lastTransitionTime)
}

/** Ready for at least `minReadySeconds`. @param now ms since the epoch */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isPodReady(pod)) return false
  if (minReadySeconds <= 0) return true
  const since = readySince(pod)
  return since > 0 && since + minReadySeconds * 1000 <= now
}

/**
 * Time until the next ready pod has been ready for `minReadySeconds`, ms; undefined when there is none. No event
 * announces that moment.
 */
export function msUntilAvailable(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  if (minReadySeconds <= 0) return undefined
  const waiting = pods.filter((pod) => isPodReady(pod) && !isPodAvailable(pod, minReadySeconds, now))
  if (waiting.length === 0) return undefined
  return Math.max(1, Math.min(...waiting.map(readySince)) + minReadySeconds * 1000 - now)
}

/** Whether the pod has ended permanently (Succeeded or Failed). */
export const isPodTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Neither completed nor being deleted: counted by a ReplicaSet. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined

/** A sidecar: an init container with restartPolicy Always. */
export const isRestartableInit = (container: Container): boolean => container.restartPolicy === 'Always'

/** The pod's columns of `kubectl get pods`. */
export interface PodSummary {
  /** `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating`, `Completed` … */
  status: string
  readyContainers: number
  totalContainers: number
  restarts: number
  /** When a container last ended before a restart; undefined without restarts. */
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
    // Once the containers run, restarts of init containers are ignored; those of sidecars are counted.
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

/** @returns whether an init container has yet to complete. */
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
  // With one container completed and another running, the pod is not completed.
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

export interface RequestOptions {
  /**
   * Counts what the pod holds while it is resized in place: of each container the most of what it asks for, what its
   * node has allotted to it and what it has; where the node cannot ever resize it, what it has.
   */
  resizing?: boolean
  /** Requests of containers that have none for these resources. */
  whereMissing?: ResourceList
}

/**
 * The requests of a pod: the sum of its containers and sidecars, or the maximum over its init containers with the
 * sidecars before each; pod-level requests replace that; the overhead of its runtime class is added.
 */
export const podRequests = (pod: Pod, options: RequestOptions = {}): ResourceList => {
  const requestsOf = (container: Container, statuses: ContainerStatus[] | undefined): ResourceList | undefined =>
    containerRequests(container, statuses, pod, options)
  return podResources(pod, 'requests', options, requestsOf)
}

/** The limits of a pod, computed like its requests. */
export const podLimits = (pod: Pod): ResourceList =>
  podResources(pod, 'limits', {}, ({ resources }) => resources?.limits)

function podResources(
  pod: Pod,
  side: 'requests' | 'limits',
  options: RequestOptions,
  resourcesOf: (container: Container, statuses: ContainerStatus[] | undefined) => ResourceList | undefined,
): ResourceList {
  const { spec, status } = pod
  if (!spec) return {}
  const total: ResourceList = {}
  for (const container of spec.containers) add(total, resourcesOf(container, status?.containerStatuses))
  const sidecars: ResourceList = {}
  const initPeak: ResourceList = {}
  for (const container of spec.initContainers ?? []) {
    const resources = resourcesOf(container, status?.initContainerStatuses)
    if (isRestartableInit(container)) {
      add(total, resources)
      add(sidecars, resources)
      raise(initPeak, sidecars)
    } else {
      const needed = { ...sidecars }
      add(needed, resources)
      raise(initPeak, needed)
    }
  }
  raise(total, initPeak)
  override(total, pod, side, options)
  add(total, spec.overhead)
  return total
}

function containerRequests(
  container: Container,
  statuses: ContainerStatus[] | undefined,
  pod: Pod,
  { resizing, whereMissing }: RequestOptions,
): ResourceList | undefined {
  let requests: ResourceList | undefined = container.resources?.requests
  const status = resizing ? statuses?.find(({ name }) => name === container.name) : undefined
  if (status?.resources?.requests || status?.allocatedResources) {
    const held: ResourceList = isResizeInfeasible(pod) ? {} : { ...requests }
    raise(held, status.resources?.requests ?? {})
    raise(held, status.allocatedResources ?? {})
    requests = held
  }
  return whereMissing ? { ...whereMissing, ...requests } : requests
}

/** Whether the pod's node can never give the pod what it asks for now. */
export function isResizeInfeasible(pod: Pod): boolean {
  const pending = podCondition(pod, 'PodResizePending')
  return pending?.status === 'True' && pending.reason === 'Infeasible'
}

/** Pod-level resources replace the sum of the containers', where a pod can have them (resourcehelper.PodRequests). */
function override(total: ResourceList, pod: Pod, side: 'requests' | 'limits', { resizing }: RequestOptions): void {
  const { spec, status } = pod
  const levels: ResourceList = { ...spec?.resources?.[side] }
  if (resizing && spec?.resources) {
    if (isResizeInfeasible(pod)) for (const name in status?.resources?.requests) levels[name] = '0'
    raise(levels, status?.resources?.requests ?? {})
    raise(levels, status?.allocatedResources ?? {})
  }
  for (const name in levels)
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) total[name] = levels[name] ?? '0'
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

/** The QoS class, by whether requests and limits of CPU and memory are set and equal. */
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

/** Set by a kubelet on mirror pods, which represent its static pods. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror'

export const isMirrorPod = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined
