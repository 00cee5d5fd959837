import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from './generated/types.ts'
import type { KubeObject } from './object.ts'
import { isPodTerminal, podLimits, podRequests, qosClassOf, type ResourceList } from './pod.ts'
import { addQuantities } from './quantity.ts'

/** The usage of objects under ResourceQuotas (kubernetes.io/docs/concepts/policy/resource-quotas). */

export interface CountedResource {
  group: string
  plural: string
}

/** Kinds that quotas also count by their bare plural. */
const bareNames = new Set([
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

/** The usage of one object, by the names of quota resources. */
export function usageOf(resource: CountedResource, object: KubeObject): ResourceList {
  const usage: ResourceList = { [countName(resource)]: '1' }
  if (resource.group !== '') return usage
  switch (resource.plural) {
    case 'pods':
      return { ...usage, ...podUsage(object) }
    case 'services':
      return { ...usage, ...serviceUsage(object) }
    case 'persistentvolumeclaims':
      return { ...usage, ...claimUsage(object) }
    default:
      return bareNames.has(resource.plural) ? { ...usage, [resource.plural]: '1' } : usage
  }
}

/** Completed pods use no resources; only their objects are counted. */
function podUsage(pod: Pod): ResourceList {
  if (isPodTerminal(pod)) return {}
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

function claimUsage({ spec, metadata }: PersistentVolumeClaim): ResourceList {
  const storage = spec?.resources?.requests?.['storage']
  const storageClass = spec?.storageClassName ?? metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
  const usage: ResourceList = { persistentvolumeclaims: '1', ...(storage ? { 'requests.storage': storage } : {}) }
  if (!storageClass) return usage
  const suffix = `${storageClass}.storageclass.storage.k8s.io/`
  usage[`${suffix}persistentvolumeclaims`] = '1'
  if (storage) usage[`${suffix}requests.storage`] = storage
  return usage
}

/** The sum of several usages. */
export function addUsage(total: ResourceList, more: ResourceList): ResourceList {
  const sum = { ...total }
  for (const [name, quantity] of Object.entries(more)) sum[name] = addQuantities(sum[name] ?? '0', quantity)
  return sum
}

/** Whether a quota applies to an object: one with scopes applies to matching pods only. */
export function isInScope({ spec }: ResourceQuota, resource: CountedResource, object: KubeObject): boolean {
  const { scopes = [], scopeSelector } = spec ?? {}
  const expressions = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(scopeSelector?.matchExpressions ?? []),
  ]
  if (expressions.length === 0) return true
  if (resource.group !== '' || resource.plural !== 'pods') return false
  return expressions.every(({ scopeName, operator, values = [] }) =>
    matchesScope(object as Pod, scopeName, operator, values),
  )
}

function matchesScope(pod: Pod, scope: string, operator: string, values: readonly string[]): boolean {
  switch (scope) {
    case 'BestEffort':
      return qosClassOf(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClassOf(pod) !== 'BestEffort'
    case 'Terminating':
      return (pod.spec?.activeDeadlineSeconds ?? -1) >= 0
    case 'NotTerminating':
      return pod.spec?.activeDeadlineSeconds === undefined
    case 'PriorityClass': {
      const name = pod.spec?.priorityClassName ?? ''
      if (operator === 'In') return values.includes(name)
      if (operator === 'NotIn') return !values.includes(name)
      return operator === 'Exists' ? name !== '' : name === ''
    }
    case 'CrossNamespacePodAffinity':
      return (operator === 'DoesNotExist') !== hasForeignAffinity(pod)
    default:
      return false
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
