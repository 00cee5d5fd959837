import { keyOf } from '#shared/client/informer.ts'
import type { Container, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isRestartableInit, podRequests } from '#shared/kube/pod.ts'
import { addAmounts, amountsOf, type Amounts } from './amounts.ts'
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
  return {
    key: keyOf(pod),
    uid: metadata.uid,
    pod,
    namespace: metadata.namespace,
    labels: metadata.labels ?? {},
    priority: spec?.priority ?? 0,
    requests: amountsOf(podRequests(pod)),
    assumedUse: assumedUseOf(pod),
    hostPorts: hostPortsOf(pod),
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

/** Default requests for scoring, as in Kubernetes: 0.1 core and 200 MiB. */
const smallContainer: Amounts = { cpu: 100, memory: 200 * 2 ** 20, ephemeralStorage: 0 }

function assumedUseOf({ spec }: Pod): { cpu: number; memory: number } {
  const total: Amounts = { cpu: 0, memory: 0, ephemeralStorage: 0 }
  const sidecars: Amounts = { cpu: 0, memory: 0, ephemeralStorage: 0 }
  const peak = { cpu: 0, memory: 0 }
  for (const container of spec?.containers ?? []) addAmounts(total, assumedOf(container))
  for (const container of spec?.initContainers ?? []) {
    const use = assumedOf(container)
    peak.cpu = Math.max(peak.cpu, sidecars.cpu + use.cpu)
    peak.memory = Math.max(peak.memory, sidecars.memory + use.memory)
    if (!isRestartableInit(container)) continue
    addAmounts(total, use)
    addAmounts(sidecars, use)
  }
  const overhead = amountsOf(spec?.overhead)
  return {
    cpu: Math.max(total.cpu, peak.cpu) + overhead.cpu,
    memory: Math.max(total.memory, peak.memory) + overhead.memory,
  }
}

function assumedOf({ resources }: Container): Amounts {
  if (!resources?.requests) return smallContainer
  const { cpu, memory } = resources.requests
  const asked = amountsOf(resources.requests)
  return {
    cpu: cpu === undefined ? smallContainer.cpu : asked.cpu,
    memory: memory === undefined ? smallContainer.memory : asked.memory,
    ephemeralStorage: 0,
  }
}

function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  const found: HostPort[] = []
  const sidecars = spec?.initContainers?.filter(isRestartableInit) ?? []
  for (const { ports = [] } of [...(spec?.containers ?? []), ...sidecars])
    for (const { hostPort, hostIP, protocol = 'TCP' } of ports)
      if (hostPort) found.push({ ip: hostIP || '0.0.0.0', protocol, port: hostPort })
  return found.length > 0 ? found : none
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
