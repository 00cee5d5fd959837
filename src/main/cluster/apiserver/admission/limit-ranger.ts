import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '#shared/kube/generated/types.ts'
import { podLimits, podRequests, type ResourceList } from '#shared/kube/pod.ts'
import { compareQuantities, parseQuantity } from '#shared/kube/quantity.ts'
import { limitRanges } from '#shared/kube/resources.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

const annotation = 'kubernetes.io/limit-ranger'

/** LimitRanger: sets default requests and limits of containers, and refuses objects outside a namespace's limits. */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(attributes) {
    if (!isPodCreation(attributes)) return
    const pod = attributes.object as Pod
    for (const { spec } of limitsOf(attributes))
      for (const item of spec?.limits ?? []) if (item.type === 'Container') fillIn(pod, item)
  },
  validate(attributes) {
    const { kind, object, operation, subresource } = attributes
    if (kind.group !== '' || !object || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    // Only the resize subresource changes the resources of an existing pod.
    const isPod = kind.plural === 'pods' && (operation === 'CREATE' ? subresource === '' : subresource === 'resize')
    if (!isPod && (kind.plural !== 'persistentvolumeclaims' || subresource !== '')) return
    const problems = limitsOf(attributes).flatMap(({ spec }) =>
      (spec?.limits ?? []).flatMap((item) =>
        isPod ? podProblems(object as Pod, item) : claimProblems(object as PersistentVolumeClaim, item),
      ),
    )
    if (problems.length > 0)
      throw refusal(attributes, problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`)
  },
}

const isPodCreation = ({ kind, operation, subresource, object }: AdmissionAttributes): boolean =>
  kind.group === '' && kind.plural === 'pods' && operation === 'CREATE' && subresource === '' && object !== undefined

const limitsOf = ({ reader, namespace }: AdmissionAttributes): LimitRange[] => reader.list(limitRanges, namespace)

function fillIn(pod: Pod, item: LimitRangeItem): void {
  const notes: string[] = []
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  for (const [what, list] of [
    ['container', containers],
    ['init container', initContainers],
  ] as const)
    for (const container of list) {
      note(notes, 'request', what, container, fill(container, 'requests', item.defaultRequest))
      note(notes, 'limit', what, container, fill(container, 'limits', item.default))
    }
  if (notes.length === 0) return
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  }
}

/** @returns descriptions of the defaults that were set. */
function fill(container: Container, side: 'requests' | 'limits', defaults: ResourceList | undefined): string[] {
  const filled: string[] = []
  for (const [name, quantity] of Object.entries(defaults ?? {})) {
    const resources = (container.resources ??= {})
    const given = (resources[side] ??= {})
    if (given[name] !== undefined) continue
    given[name] = quantity
    filled.push(name)
  }
  return filled
}

function note(notes: string[], side: string, what: string, { name }: Container, filled: readonly string[]): void {
  if (filled.length > 0) notes.push(`${[...filled].sort().join(', ')} ${side} for ${what} ${name}`)
}

function podProblems(pod: Pod, item: LimitRangeItem): string[] {
  if (item.type === 'Pod') return problemsOf('Pod', item, podRequests(pod), podLimits(pod))
  if (item.type !== 'Container') return []
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  return [...containers, ...initContainers].flatMap(({ resources }) =>
    problemsOf('Container', item, resources?.requests ?? {}, resources?.limits ?? {}),
  )
}

function claimProblems({ spec }: PersistentVolumeClaim, item: LimitRangeItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return []
  return problemsOf(item.type, item, spec?.resources?.requests ?? {}, {}, true)
}

/** @param requestsOnly for claims, which have no limits: max applies to their requests */
function problemsOf(
  type: string,
  { min = {}, max = {}, maxLimitRequestRatio = {} }: LimitRangeItem,
  requests: ResourceList,
  limits: ResourceList,
  requestsOnly = false,
): string[] {
  const problems: string[] = []
  for (const [name, least] of Object.entries(min)) {
    const request = requests[name]
    const limit = limits[name]
    const rule = `minimum ${name} usage per ${type} is ${least}`
    if (request === undefined) problems.push(`${rule}.  No request is specified`)
    else if (compareQuantities(request, least) < 0) problems.push(`${rule}, but request is ${request}`)
    if (limit !== undefined && compareQuantities(limit, least) < 0) problems.push(`${rule}, but limit is ${limit}`)
  }
  for (const [name, most] of Object.entries(max)) {
    const request = requests[name]
    const limit = limits[name]
    const rule = `maximum ${name} usage per ${type} is ${most}`
    if (limit === undefined && !requestsOnly) problems.push(`${rule}.  No limit is specified`)
    else if (limit !== undefined && compareQuantities(limit, most) > 0) problems.push(`${rule}, but limit is ${limit}`)
    if (request !== undefined && compareQuantities(request, most) > 0)
      problems.push(`${rule}, but request is ${request}`)
  }
  for (const [name, ratio] of Object.entries(maxLimitRequestRatio)) {
    const given = ratioOf(requests[name], limits[name])
    const rule = `${name} max limit to request ratio per ${type} is ${ratio}`
    if (given === undefined) problems.push(`${rule}, but no request is specified or request is 0`)
    else if (given > Number(parseQuantity(ratio).nano) / 1e9)
      problems.push(`${rule}, but provided ratio is ${given.toFixed(6)}`)
  }
  return problems
}

function ratioOf(request: string | undefined, limit: string | undefined): number | undefined {
  if (request === undefined || limit === undefined) return undefined
  const { nano } = parseQuantity(request)
  return nano === 0n ? undefined : Number(parseQuantity(limit).nano) / Number(nano)
}
