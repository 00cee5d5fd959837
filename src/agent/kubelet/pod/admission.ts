import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { selectsNode } from '#shared/kube/node-selection.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isRestartableInit, podCondition, podRequests, type ResourceList } from '#shared/kube/pod.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import { forbiddenSysctl } from './sysctls.ts'

/** Why this node does not run a pod: reason and message of its status and its event. */
export interface Refusal {
  reason: string
  message: string
}

/**
 * The kubelet's own decision about a pod that has been bound to its node, whoever bound it (pkg/kubelet/lifecycle and
 * pkg/kubelet/sysctl). A refused pod fails, and whoever made it makes another.
 * @param others pods that this node runs already
 */
export function refusalOf(pod: Stored<Pod>, node: Stored<Node>, others: readonly Pod[]): Refusal | undefined {
  return (
    sysctlRefusal(pod) ??
    systemRefusal(pod) ??
    shortage(pod, node, others) ??
    (selectsNode(pod.spec, node)
      ? undefined
      : failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")) ??
    (hasFreePorts(pod, others)
      ? undefined
      : failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")) ??
    (untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoExecute'])
      ? failed('TaintToleration', "node(s) had taints that the pod didn't tolerate")
      : undefined)
  )
}

/**
 * Why a pod that runs here does not get the resources that it is to be resized to: never, or not while others have them
 * (kubelet: canResizePod).
 */
export function resizeRefusalOf(pod: Stored<Pod>, node: Stored<Node>, others: readonly Pod[]): Refusal | undefined {
  const allocatable: ResourceList = node.status?.allocatable ?? {}
  const wanted = podRequests(pod)
  for (const resource of ['cpu', 'memory']) {
    const requested = amountOf(resource, wanted[resource])
    const capacity = amountOf(resource, allocatable[resource])
    if (allocatable[resource] !== undefined && requested > capacity)
      return {
        reason: 'Infeasible',
        message: `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${capacity}`,
      }
  }
  const short = shortage(pod, node, others)
  return short && { reason: 'Deferred', message: short.message }
}

const failed = (predicate: string, why: string): Refusal => ({
  reason: predicate,
  message: `Predicate ${predicate} failed: ${why}`,
})

function sysctlRefusal(pod: Pod): Refusal | undefined {
  const problem = forbiddenSysctl(pod)
  return problem === undefined ? undefined : { reason: 'SysctlForbidden', message: `forbidden sysctl: ${problem}` }
}

const osLabel = 'kubernetes.io/os'

function systemRefusal({ metadata, spec }: Stored<Pod>): Refusal | undefined {
  const labelled = metadata.labels?.[osLabel]
  if (labelled !== undefined && labelled !== 'linux')
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: `Failed to admit pod as the \`${osLabel}\` label doesn't match node label`,
    }
  if (spec?.os !== undefined && spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" }
  return undefined
}

/** The first resource that the node has too little of. Extended resources that it does not have at all do not count. */
export function shortage(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  const allocatable: ResourceList | undefined = node.status?.allocatable
  if (!allocatable) return undefined
  const places = Number(allocatable.pods ?? Infinity)
  if (others.length >= places) return outOf('pods', { requested: 1, used: others.length, capacity: places })
  const wanted = podRequests(pod)
  const held = others.map(heldBy)
  for (const resource of namesOf(wanted)) {
    const capacity = allocatable[resource]
    const requested = amountOf(resource, wanted[resource])
    if (requested === 0 || (capacity === undefined && resource.includes('/'))) continue
    const used = held.reduce((sum, requests) => sum + amountOf(resource, requests[resource]), 0)
    const amounts = { requested, used, capacity: amountOf(resource, capacity) }
    if (requested > amounts.capacity - used) return outOf(resource, amounts)
  }
  return undefined
}

/** What a pod has, or will have once its resize is done. One whose resize is refused has what it had. */
function heldBy(pod: Pod): ResourceList {
  const pending = podCondition(pod, 'PodResizePending')
  if (pending?.status !== 'True') return podRequests(pod, { resizing: true })
  const conditions = [{ ...pending, reason: 'Infeasible' }]
  return podRequests({ ...pod, status: { ...pod.status, conditions } }, { resizing: true })
}

const outOf = (resource: string, amounts: { requested: number; used: number; capacity: number }): Refusal => ({
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, requested: ${amounts.requested}, used: ${amounts.used}, capacity: ${amounts.capacity}`,
})

const namesOf = (requests: ResourceList): string[] => {
  const first = ['cpu', 'memory', 'ephemeral-storage']
  return [...first, ...Object.keys(requests).filter((name) => !first.includes(name))]
}

/** CPU in thousandths, everything else in whole units. */
const amountOf = (resource: string, quantity: string | undefined): number =>
  quantity === undefined ? 0 : resource === 'cpu' ? quantityMillis(quantity) : quantityValue(quantity)

interface HostPort {
  ip: string
  port: number
  protocol: string
}

const anyAddress = '0.0.0.0'

const hostPortsOf = ({ spec }: Pod): HostPort[] =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isRestartableInit)]
    .flatMap(({ ports }) => ports ?? [])
    .flatMap(({ hostPort, hostIP, protocol = 'TCP' }) =>
      hostPort ? [{ ip: hostIP || anyAddress, port: hostPort, protocol }] : [],
    )

function hasFreePorts(pod: Pod, others: readonly Pod[]): boolean {
  const wanted = hostPortsOf(pod)
  if (wanted.length === 0) return true
  const taken = others.flatMap(hostPortsOf)
  return !wanted.some((a) =>
    taken.some(
      (b) =>
        a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress),
    ),
  )
}
