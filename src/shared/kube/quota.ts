import type { PersistentVolumeClaim, Pod, ResourceQuota, ResourceResourceClaim, Service } from './generated/types.ts'
import { asNumber } from './json.ts'
import type { KubeObject } from './object.ts'
import { isPodTerminal, podLimits, podRequests, qosClassOf, type ResourceList } from './pod.ts'
import { addQuantities, compareQuantities } from './quantity.ts'

/** The usage of objects under ResourceQuotas (kubernetes.io/docs/concepts/policy/resource-quotas). */

export interface CountedResource {
  group: string
  plural: string
}

/** Kinds that quotas also count by their bare plural. */
export const bareNames: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

/** The name under which a quota counts all objects of a kind: `count/deployments.apps`. */
export const countName = ({ group, plural }: CountedResource): string =>
  `count/${plural}${group === '' ? '' : `.${group}`}`

/**
 * The usage of one object, by the names of quota resources.
 * @param now ms since the epoch; a pod whose deletion is overdue at that time counts as its object only
 */
export function usageOf(resource: CountedResource, object: KubeObject, now?: number): ResourceList {
  const usage: ResourceList = { [countName(resource)]: '1' }
  if (isClaim(resource)) return { ...usage, ...deviceUsage(object as ResourceResourceClaim) }
  if (resource.group !== '') return usage
  switch (resource.plural) {
    case 'pods':
      return isPodTerminal(object) || isOverdue(object, now) ? usage : { ...usage, ...podUsage(object) }
    case 'services':
      return { ...usage, ...serviceUsage(object) }
    case 'persistentvolumeclaims':
      return { ...usage, ...claimUsage(object) }
    default:
      return bareNames.has(resource.plural) ? { ...usage, [resource.plural]: '1' } : usage
  }
}

const isClaim = ({ group, plural }: CountedResource): boolean =>
  group === 'resource.k8s.io' && plural === 'resourceclaims'

/** Whether a pod should have ended by now: its node may be lost, and its successor must not wait for it. */
function isOverdue({ metadata }: Pod, now: number | undefined): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (now === undefined || !deletionTimestamp || deletionGracePeriodSeconds === undefined) return false
  return Date.parse(deletionTimestamp) + asNumber(deletionGracePeriodSeconds) * 1000 < now
}

/** Completed pods use no resources; only their objects are counted. */
function podUsage(pod: Pod): ResourceList {
  const usage: ResourceList = { pods: '1' }
  for (const [name, quantity] of Object.entries(podRequests(pod))) {
    usage[`requests.${name}`] = quantity
    if (['cpu', 'memory', 'ephemeral-storage'].includes(name) || name.startsWith('hugepages-')) usage[name] = quantity
  }
  for (const [name, quantity] of Object.entries(podLimits(pod))) usage[`limits.${name}`] = quantity
  return usage
}

function serviceUsage({ spec }: Service): ResourceList {
  const ports = spec?.ports?.length ?? 0
  const usage: ResourceList = { services: '1' }
  if (spec?.type === 'NodePort') usage['services.nodeports'] = String(ports)
  if (spec?.type === 'LoadBalancer') {
    usage['services.loadbalancers'] = '1'
    const allocated =
      spec.allocateLoadBalancerNodePorts === false ? (spec.ports ?? []).filter((p) => p.nodePort) : spec.ports
    usage['services.nodeports'] = String(allocated?.length ?? 0)
  }
  return usage
}

function claimUsage({ spec, status, metadata }: PersistentVolumeClaim): ResourceList {
  const storage = largest(spec?.resources?.requests?.['storage'], status?.allocatedResources?.['storage'])
  const storageClass = spec?.storageClassName ?? metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
  const usage: ResourceList = { persistentvolumeclaims: '1', ...(storage ? { 'requests.storage': storage } : {}) }
  if (!storageClass) return usage
  const suffix = `${storageClass}.storageclass.storage.k8s.io/`
  usage[`${suffix}persistentvolumeclaims`] = '1'
  if (storage) usage[`${suffix}requests.storage`] = storage
  return usage
}

/** Storage that an expansion has allocated stays used when the claim asks for less again. */
function largest(requested: string | undefined, allocated: string | undefined): string | undefined {
  if (requested === undefined || allocated === undefined) return requested
  return compareQuantities(allocated, requested) > 0 ? allocated : requested
}

/** The devices of each class that a claim may come to hold. */
function deviceUsage({ spec }: ResourceResourceClaim): ResourceList {
  let usage: ResourceList = {}
  for (const { exactly, firstAvailable = [] } of spec?.devices?.requests ?? []) {
    const choices = exactly ? [exactly] : firstAvailable
    const most = new Map<string, number>()
    for (const { deviceClassName, allocationMode, count = 1 } of choices) {
      const devices = allocationMode === 'All' ? mostDevices : asNumber(count)
      most.set(deviceClassName, Math.max(most.get(deviceClassName) ?? 0, devices))
    }
    for (const [name, devices] of most)
      usage = addUsage(usage, { [`${name}.deviceclass.resource.k8s.io/devices`]: String(devices) })
  }
  return usage
}

/** Devices of one claim at most, which `allocationMode: All` counts as. */
const mostDevices = 32

/** The sum of several usages. */
export function addUsage(total: ResourceList, more: ResourceList): ResourceList {
  const sum = { ...total }
  for (const [name, quantity] of Object.entries(more)) sum[name] = addQuantities(sum[name] ?? '0', quantity)
  return sum
}

/** Whether a quota applies to an object: one with scopes applies to matching pods and claims of volumes only. */
export function isInScope({ spec }: ResourceQuota, resource: CountedResource, object: KubeObject): boolean {
  const { scopes = [], scopeSelector } = spec ?? {}
  const expressions = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(scopeSelector?.matchExpressions ?? []),
  ]
  if (expressions.length === 0) return true
  if (resource.group !== '') return false
  const matches = { pods: podMatches, persistentvolumeclaims: claimMatches }[resource.plural]
  if (!matches) return false
  return expressions.every(({ scopeName, operator, values = [] }) => matches(object, scopeName, operator, values))
}

function podMatches(pod: Pod, scope: string, operator: string, values: readonly string[]): boolean {
  switch (scope) {
    case 'BestEffort':
      return qosClassOf(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClassOf(pod) !== 'BestEffort'
    case 'Terminating':
      return hasDeadline(pod)
    case 'NotTerminating':
      return !hasDeadline(pod)
    case 'PriorityClass': {
      const name = pod.spec?.priorityClassName ?? ''
      return matchesNames(name === '' ? [] : [name], operator, values)
    }
    case 'CrossNamespacePodAffinity':
      return hasForeignAffinity(pod)
    default:
      return false
  }
}

const hasDeadline = ({ spec }: Pod): boolean => asNumber(spec?.activeDeadlineSeconds ?? -1) >= 0

/** The classes that a claim names, has, or is changing to. */
function claimMatches(
  { spec, status }: PersistentVolumeClaim,
  scope: string,
  operator: string,
  values: readonly string[],
): boolean {
  if (scope !== 'VolumeAttributesClass') return false
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return matchesNames(
    names.filter((name) => name !== undefined && name !== ''),
    operator,
    values,
  )
}

function matchesNames(names: readonly (string | undefined)[], operator: string, values: readonly string[]): boolean {
  const isListed = names.some((name) => values.includes(name ?? ''))
  switch (operator) {
    case 'In':
      return isListed
    case 'NotIn':
      return !isListed
    case 'Exists':
      return names.length > 0
    default:
      return names.length === 0
  }
}

function hasForeignAffinity({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
  )
}
