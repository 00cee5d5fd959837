import { keyOf } from '#shared/client/informer.ts'
import type { ContainerStatus, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isResizeInfeasible, isRestartableInit, podRequests } from '#shared/kube/pod.ts'
import { amountsOf, type Amounts } from './amounts.ts'
import { claimsOf } from './pod-claims.ts'
import { podSelector, type PodSelector } from './pod-selector.ts'

/** A pod with the values that plugins need, computed once. */
export interface PodInfo {
  /** `namespace/name` */
  readonly key: string
  readonly uid: string
  /** The newest known version: of a placed pod, `ClusterState.refresh` follows its status. */
  pod: Stored<Pod>
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly priority: number
  readonly requests: Amounts
  /** Requests for scoring: containers without requests count with a default, so that they spread too. */
  readonly assumedUse: { cpu: number; memory: number }
  readonly hostPorts: readonly HostPort[]
  /** Keys of its PersistentVolumeClaims. */
  readonly claims: readonly string[]
  readonly affinity: Affinities
  readonly terminating: boolean
}

export interface HostPort {
  /** `0.0.0.0` is every address. */
  ip: string
  protocol: string
  port: number
}

/** Inter-pod terms of a pod. */
export interface Affinities {
  required: readonly Term[]
  requiredAnti: readonly Term[]
  preferred: readonly WeightedTerm[]
  preferredAnti: readonly WeightedTerm[]
}

export interface Term {
  selector: PodSelector
  topologyKey: string
}

export interface WeightedTerm extends Term {
  weight: number
}

export function podInfoOf(pod: Stored<Pod>): PodInfo {
  const { metadata, spec } = pod
  const requests = amountsOf(podRequests(pod, { resizing: true }))
  return {
    key: keyOf(pod),
    uid: metadata.uid,
    pod,
    namespace: metadata.namespace,
    labels: metadata.labels ?? {},
    priority: spec?.priority ?? 0,
    requests,
    assumedUse: assumedUseOf(pod, requests),
    hostPorts: hostPortsOf(pod),
    claims: claimKeysOf(pod),
    affinity: affinitiesOf(pod),
    terminating: metadata.deletionTimestamp !== undefined,
  }
}

/** Whether two versions of a pod are the same to the scheduler: status and annotations may differ. */
export const isSamePlacement = (a: Pod, b: Pod): boolean =>
  a.spec?.nodeName === b.spec?.nodeName &&
  a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
  a.metadata.generation !== undefined &&
  a.metadata.generation === b.metadata.generation &&
  sameLabels(a.metadata.labels, b.metadata.labels)

function sameLabels(a: Record<string, string> = {}, b: Record<string, string> = {}): boolean {
  if (a === b) return true
  for (const name in a) if (a[name] !== b[name]) return false
  for (const name in b) if (a[name] === undefined) return false
  return true
}

/** Whether two versions of a placed pod hold the same while it is resized in place. */
export const isSameHolding = (a: Pod, b: Pod): boolean =>
  a.status === b.status ||
  (isSameAmong(a.status?.containerStatuses, b.status?.containerStatuses) &&
    isSameAmong(a.status?.initContainerStatuses, b.status?.initContainerStatuses) &&
    jsonEqual(a.status?.resources, b.status?.resources) &&
    jsonEqual(a.status?.allocatedResources, b.status?.allocatedResources) &&
    isResizeInfeasible(a) === isResizeInfeasible(b))

const isSameAmong = (a: readonly ContainerStatus[] = [], b: readonly ContainerStatus[] = []): boolean =>
  a.length === b.length &&
  a.every(
    (status, index) =>
      jsonEqual(status.resources?.requests, b[index]?.resources?.requests) &&
      jsonEqual(status.allocatedResources, b[index]?.allocatedResources),
  )

/** Default requests for scoring, as in Kubernetes. */
const smallContainer = { cpu: '100m', memory: '200Mi' }

function assumedUseOf(pod: Pod, requests: Amounts): { cpu: number; memory: number } {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const complete = all.every(({ resources }) => resources?.requests?.['cpu'] && resources.requests['memory'])
  if (complete) return requests
  return amountsOf(podRequests(pod, { resizing: true, whereMissing: smallContainer }))
}

function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  const found: HostPort[] = []
  const sidecars = spec?.initContainers?.filter(isRestartableInit) ?? []
  for (const { ports = [] } of [...(spec?.containers ?? []), ...sidecars])
    for (const { hostPort, hostIP, protocol = 'TCP' } of ports)
      if (hostPort) found.push({ ip: hostIP || '0.0.0.0', protocol, port: hostPort })
  return found.length > 0 ? found : none
}

function claimKeysOf(pod: Stored<Pod>): readonly string[] {
  const claims = claimsOf(pod)
  return claims.length > 0 ? claims.map(({ name }) => `${pod.metadata.namespace}/${name}`) : none
}

const none: readonly never[] = []
const noAffinities: Affinities = { required: none, requiredAnti: none, preferred: none, preferredAnti: none }

function affinitiesOf(pod: Stored<Pod>): Affinities {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  if (!podAffinity && !podAntiAffinity) return noAffinities
  const termOf = (term: PodAffinityTerm): Term => ({
    selector: podSelector(term, pod),
    topologyKey: term.topologyKey,
  })
  const weighted = ({ weight, podAffinityTerm }: WeightedPodAffinityTerm): WeightedTerm => ({
    ...termOf(podAffinityTerm),
    weight,
  })
  return {
    required: podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map(termOf) ?? none,
    requiredAnti: podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map(termOf) ?? none,
    preferred: podAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(weighted) ?? none,
    preferredAnti: podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(weighted) ?? none,
  }
}
