import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podTone } from '../kinds/core/pod.ts'
import { isEnding } from './attention/network.ts'
import { amountOf, resourcesOf, sumOf } from './pod-resources.ts'
import type { Snapshot } from './snapshot.ts'

/** How many of something are well, of how many. */
export interface Tally {
  good: number
  warn: number
  bad: number
  all: number
}

export interface Health {
  nodes?: Tally
  pods?: Tally
  workloads?: Tally
  claims?: Tally
  certificates?: Tally
}

/** Health at a glance; what cannot be read is left out. */
export function healthOf(snapshot: Snapshot): Health {
  const { nodes, pods, deployments, statefulSets, daemonSets, claims, certificates, now } = snapshot
  const sets = [deployments, statefulSets, daemonSets]
  return {
    ...(nodes ? { nodes: tally(nodes, nodeMark) } : {}),
    ...(pods ? { pods: tally(pods.filter(isMeant), podMark) } : {}),
    ...(sets.some((list) => list !== undefined)
      ? {
          workloads: tally(
            [
              ...(deployments ?? []).map(({ spec, status }) => [status?.availableReplicas, spec?.replicas ?? 1]),
              ...(statefulSets ?? []).map(({ spec, status }) => [status?.availableReplicas, spec?.replicas ?? 1]),
              ...(daemonSets ?? []).map(({ status }) => [status?.numberAvailable, status?.desiredNumberScheduled]),
            ],
            ([available = 0, wanted = 0]) => (available >= wanted ? 'good' : available > 0 ? 'warn' : 'bad'),
          ),
        }
      : {}),
    ...(claims
      ? {
          claims: tally(claims, ({ status }) =>
            status?.phase === 'Bound' ? 'good' : status?.phase === 'Lost' ? 'bad' : 'warn',
          ),
        }
      : {}),
    ...(certificates
      ? {
          certificates: tally(certificates, ({ notAfter }) =>
            notAfter <= now ? 'bad' : isEnding(notAfter, now) ? 'warn' : 'good',
          ),
        }
      : {}),
  }
}

type Mark = 'good' | 'warn' | 'bad'

function tally<T>(items: readonly T[], markOf: (item: T) => Mark): Tally {
  const sum: Tally = { good: 0, warn: 0, bad: 0, all: items.length }
  for (const item of items) sum[markOf(item)]++
  return sum
}

const nodeMark = ({ spec, status }: Node): Mark => {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status
  return ready === 'True' ? (spec?.unschedulable ? 'warn' : 'good') : 'bad'
}
/** A pod that has done its work counts neither for nor against. */
const isMeant = ({ status, metadata }: Pod): boolean =>
  status?.phase !== 'Succeeded' && metadata.deletionTimestamp === undefined
const podMark = (pod: Stored<Pod>): Mark => {
  const tone = podTone(pod)
  return tone === 'bad' ? 'bad' : tone === 'good' ? 'good' : 'warn'
}

/** What is asked for of a resource, of how much: cores or bytes. */
export interface Capacity {
  requested: number
  limited: number
  /** What nodes offer; for namespaces with a quota on requests, what that allows. Unset where neither can be read. */
  all: number | undefined
  isQuota: boolean
}

/** Requests and limits against what there is. @param inNamespaces whether only some namespaces are meant */
export function capacityOf(snapshot: Snapshot, resource: 'cpu' | 'memory', inNamespaces: boolean): Capacity {
  const active = (snapshot.pods ?? []).filter((pod) => !isPodTerminal(pod) && pod.spec?.nodeName)
  const quotas = inNamespaces
    ? (snapshot.quotas ?? []).flatMap(
        ({ status }) => status?.hard?.[`requests.${resource}`] ?? status?.hard?.[resource] ?? [],
      )
    : []
  return {
    requested: sumOf(active.map((pod) => resourcesOf(pod).requests[resource])),
    limited: sumOf(active.map((pod) => resourcesOf(pod).limits[resource])),
    all:
      quotas.length > 0
        ? sumOf(quotas.map(amountOf))
        : snapshot.nodes && sumOf(snapshot.nodes.map(({ status }) => amountOf(status?.allocatable?.[resource]))),
    isQuota: quotas.length > 0,
  }
}
