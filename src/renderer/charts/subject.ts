import type { UsageSubject } from '#shared/contract/metrics.ts'
import type { Node, Pod, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Surroundings } from '../explain/index.ts'
import type { KindDescriptor } from '../kinds/descriptor.ts'
import { amountOf, resourcesOf, sumOf } from '../overview/pod-resources.ts'

/** Lines that are drawn into a chart: what is asked for, and where the end is. */
export interface Bound {
  request?: number | undefined
  limit?: number | undefined
}
export type Bounds = Partial<Record<'cpu' | 'memory', Bound>>

const workloads = [
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'batch/Job',
  'batch/CronJob',
  'ReplicationController',
] as const
const isWorkload = (id: string): boolean => workloads.some((each) => each === id)

/** Whose usage is charted on the page of an object; undefined for kinds that use nothing. @param id `apps/Deployment` */
export function subjectOf(id: string, { resource }: KindDescriptor, { metadata }: Stored): UsageSubject | undefined {
  const { name, namespace } = metadata
  if (id === 'Node' || id === 'Namespace') return { kind: id, name }
  if (namespace === undefined || (id !== 'Pod' && !isWorkload(id))) return undefined
  return { kind: resource.kind as 'Pod', namespace, name }
}

interface Template extends KubeObject {
  spec?: { replicas?: number; parallelism?: number; template?: PodTemplateSpec; containers?: unknown }
  status?: { desiredNumberScheduled?: number }
}

/** Requests and limits of an object: of a pod its own, of a workload those of all its pods, of a node what it offers. */
export function boundsOf(id: string, object: Stored<Template>, { pods }: Surroundings): Bounds {
  if (id === 'Pod') return ofPods([object as Stored<Pod>], 1)
  if (id === 'Node') {
    const { status } = object as Stored<Node>
    const own = (pods ?? []).filter(
      ({ spec, status: is }) => spec?.nodeName === object.metadata.name && is?.phase === 'Running',
    )
    const asked = ofPods(own, 1)
    return {
      cpu: { request: asked.cpu?.request, limit: amountOf(status?.allocatable?.cpu) },
      memory: { request: asked.memory?.request, limit: amountOf(status?.allocatable?.memory) },
    }
  }
  const { spec, status } = object
  if (!spec?.template) return {}
  const count = status?.desiredNumberScheduled ?? spec.replicas ?? spec.parallelism ?? 1
  return ofPods([{ metadata: {}, spec: spec.template.spec } as Pod], count)
}

/** Of one container. */
export const boundsOfContainer = ({ spec }: Pod, name: string): Bounds => {
  const container = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find((each) => each.name === name)
  const { requests, limits } = container?.resources ?? {}
  return {
    cpu: { request: amountOf(requests?.cpu), limit: amountOf(limits?.cpu) },
    memory: { request: amountOf(requests?.memory), limit: amountOf(limits?.memory) },
  }
}

/** A limit of the sum is known only where each has one. */
function ofPods(pods: readonly Pod[], times: number): Bounds {
  const all = pods.map(resourcesOf)
  const bound = (resource: 'cpu' | 'memory'): Bound => {
    const limits = all.map(({ limits: each }) => each[resource])
    const request = sumOf(all.map(({ requests }) => requests[resource])) * times
    return {
      request: request > 0 ? request : undefined,
      limit: limits.length === 0 || limits.some((each) => each === undefined) ? undefined : sumOf(limits) * times,
    }
  }
  return { cpu: bound('cpu'), memory: bound('memory') }
}
