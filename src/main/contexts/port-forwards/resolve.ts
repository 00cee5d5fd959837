import type { ForwardTarget } from '#shared/contract/forwards.ts'
import type { Pod, Service } from '#shared/kube/generated/types.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import { selectorText, type LabelSelectorShape } from './selector-text.ts'

/** The pod that a forward leads to now, and its port. */
export interface Resolved {
  pod: string
  port: number
}

/** Reads one path of the API. @throws Error; `undefined` for 404 */
export type ReadObject = (path: string) => Promise<unknown>

/** A target that cannot be forwarded to now; the message is for the user. */
export class NoTarget extends Error {}

/** Labels that pods of the same workload differ in. */
const changing = [
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
]

/**
 * Finds the pod of a target: ready ones first, and the present one as long as it is ready. A pod that a controller
 * made is followed by its labels once it is gone.
 */
export function createResolver(target: ForwardTarget, read: ReadObject): () => Promise<Resolved> {
  let current: string | undefined
  let successors: string | undefined

  const podsBy = async (selector: string): Promise<Pod[]> => {
    const found = await read(`${path(target.namespace, 'Pod')}?labelSelector=${encodeURIComponent(selector)}&limit=500`)
    return (found as { items?: Pod[] } | undefined)?.items ?? []
  }
  const choose = (pods: readonly Pod[]): Pod => {
    const usable = pods.filter((pod) => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp)
    const ready = usable.filter(isPodReady)
    const chosen = ready.find(({ metadata }) => metadata.name === current) ?? ready[0]
    if (chosen) return chosen
    // Without a readiness that will come, a running pod is better than none.
    const running = usable.find(({ status }) => status?.phase === 'Running')
    if (running) return running
    throw new NoTarget(pods.length === 0 ? `${titleOf(target)} has no pods` : `no pod of ${titleOf(target)} is running`)
  }

  async function findPod(): Promise<{ pod: Pod; service?: Service }> {
    if (target.kind === 'Pod') {
      const pod = (await read(`${path(target.namespace, 'Pod')}/${encodeURIComponent(target.name)}`)) as Pod | undefined
      if (pod && !isPodTerminal(pod) && !pod.metadata.deletionTimestamp) {
        successors = controllerOf(pod) ? stableLabels(pod) : undefined
        if (pod.status?.phase !== 'Running') throw new NoTarget(`pod ${target.name} is not running`)
        return { pod }
      }
      if (!successors) throw new NoTarget(`pod ${target.name} is ${pod ? 'ending' : 'gone'}`)
      return { pod: choose(await podsBy(successors)) }
    }
    const object = await read(`${path(target.namespace, target.kind)}/${encodeURIComponent(target.name)}`)
    if (object === undefined) throw new NoTarget(`${titleOf(target)} does not exist`)
    if (target.kind === 'Service') {
      const service = object as Service
      const labels = service.spec?.selector
      if (!labels || Object.keys(labels).length === 0) throw new NoTarget(`${titleOf(target)} has no selector`)
      return { pod: choose(await podsBy(selectorText({ matchLabels: labels }))), service }
    }
    const { selector } = (object as { spec?: { selector?: LabelSelectorShape | Record<string, string> } }).spec ?? {}
    const shape =
      target.kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector
    return { pod: choose(await podsBy(selectorText(shape ?? {}))) }
  }

  return async () => {
    const { pod, service } = await findPod()
    const { name = '' } = pod.metadata
    current = name
    return { pod: name, port: service ? servicePort(service, target.port, pod) : containerPort(pod, target.port) }
  }
}

const plurals: Record<ForwardTarget['kind'], string> = {
  Pod: 'api/v1 pods',
  Service: 'api/v1 services',
  ReplicationController: 'api/v1 replicationcontrollers',
  Deployment: 'apis/apps/v1 deployments',
  ReplicaSet: 'apis/apps/v1 replicasets',
  StatefulSet: 'apis/apps/v1 statefulsets',
  DaemonSet: 'apis/apps/v1 daemonsets',
  Job: 'apis/batch/v1 jobs',
}

function path(namespace: string, kind: ForwardTarget['kind']): string {
  const [group, plural] = plurals[kind].split(' ')
  return `/${group}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

export const titleOf = ({ kind, name }: Pick<ForwardTarget, 'kind' | 'name'>): string => `${kind.toLowerCase()} ${name}`

const stableLabels = ({ metadata }: Pod): string | undefined => {
  const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => !changing.includes(name))
  return labels.length > 0 ? selectorText({ matchLabels: Object.fromEntries(labels) }) : undefined
}

/** @throws NoTarget */
function servicePort(service: Service, wanted: number | string, pod: Pod): number {
  const found = service.spec?.ports?.find(({ port, name }) => port === wanted || name === wanted)
  if (!found) throw new NoTarget(`service ${service.metadata.name ?? ''} has no port ${wanted}`)
  return containerPort(pod, found.targetPort ?? found.port)
}

/** @throws NoTarget */
function containerPort({ metadata, spec }: Pod, wanted: number | string): number {
  if (typeof wanted === 'number') return wanted
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const named = containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === wanted)
  if (named) return named.containerPort
  throw new NoTarget(`pod ${metadata.name ?? ''} has no port named ${wanted}`)
}
