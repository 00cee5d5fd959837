import type { Informer } from '#shared/client/informer.ts'
import type {
  Container,
  ContainerExtendedResourceRequest,
  DeviceClass,
  DeviceRequest,
  Pod,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isRestartableInit } from '#shared/kube/pod.ts'
import { quantityValue } from '#shared/kube/quantity.ts'

/** Extended resources of pods that classes of devices stand behind (KEP-5004), in the terms of a ResourceClaim. */

/** Every class is also a resource of this prefix. */
const classPrefix = 'deviceclass.resource.kubernetes.io/'

export type BackedResources = ReadonlyMap<string, Stored<DeviceClass>>

/** The classes behind resources that are requested; of classes with one resource the newest, then the first by name. */
export function backedBy(
  requested: ReadonlyMap<string, number> | undefined,
  classes: Pick<Informer<DeviceClass>, 'list'>,
): BackedResources {
  const found = new Map<string, Stored<DeviceClass>>()
  if (!requested) return found
  for (const each of classes.list())
    for (const name of resourcesOf(each)) {
      if ((requested.get(name) ?? 0) === 0) continue
      const known = found.get(name)
      if (!known || precedes(each, known)) found.set(name, each)
    }
  return found
}

export const resourcesOf = ({ metadata, spec }: Stored<DeviceClass>): string[] => [
  ...(spec.extendedResourceName === undefined ? [] : [spec.extendedResourceName]),
  `${classPrefix}${metadata.name}`,
]

function precedes({ metadata: a }: Stored<DeviceClass>, { metadata: b }: Stored<DeviceClass>): boolean {
  const [created, other] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  return created === other ? a.name < b.name : created > other
}

export interface ExtendedRequests {
  requests: DeviceRequest[]
  /** Which request serves which container. */
  mappings: ContainerExtendedResourceRequest[]
}

/**
 * The requests of a claim for the pod's extended resources. Init containers that end use the devices of later containers,
 * and share what they need beyond those.
 */
export function requestsFor({ spec }: Pod, resources: BackedResources): ExtendedRequests {
  const initial = spec?.initContainers ?? []
  const containers = [...initial, ...(spec?.containers ?? [])]
  const isShort = containers.map((container, i) => i < initial.length && !isRestartableInit(container))
  const requests: DeviceRequest[] = []
  const mappings: ContainerExtendedResourceRequest[] = []
  for (const [resource, { metadata }] of [...resources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const needs = containers.map((container, i) => needOf(container, i, resource))
    const lasting = needs.map((need, i) => (isShort[i] ? undefined : need))
    for (const need of lasting) if (need) mappings.push(mappingOf(need, resource, need.request))
    const shared = sharedRequest(
      needs.filter((_, i) => isShort[i]),
      lasting,
    )
    for (const need of needs)
      if (need && isShort[need.index]) mappings.push(...borrowed(need, resource, lasting, shared))
    for (const each of [shared, ...lasting]) if (each) requests.push(deviceRequest(each, metadata.name))
  }
  return { requests: requests.sort((a, b) => (a.name < b.name ? -1 : 1)), mappings }
}

interface Need {
  container: string
  /** Of the container, init containers first. */
  index: number
  request: string
  count: number
}

function needOf({ name, resources }: Container, index: number, resource: string): Need | undefined {
  const requested = resources?.requests ?? {}
  const count = quantityValue(requested[resource] ?? '0')
  if (count === 0) return undefined
  const position = Object.keys(requested).sort().indexOf(resource)
  return { container: name, index, request: `container-${index}-request-${position}`, count }
}

const mappingOf = (
  { container }: Need,
  resourceName: string,
  requestName: string,
): ContainerExtendedResourceRequest => ({
  containerName: container,
  resourceName,
  requestName,
})

/** What an init container needs beyond the devices of the containers that follow it. */
const extra = ({ index, count }: Need, lasting: readonly (Need | undefined)[]): number =>
  count - lasting.slice(index).reduce((sum, need) => sum + (need?.count ?? 0), 0)

/** One request for all init containers, since they run one after the other: the largest. */
function sharedRequest(short: readonly (Need | undefined)[], lasting: readonly (Need | undefined)[]): Need | undefined {
  let largest: Need | undefined
  for (const need of short) {
    const count = need ? extra(need, lasting) : 0
    if (need && count > (largest?.count ?? 0)) largest = { ...need, count }
  }
  return largest
}

function borrowed(
  need: Need,
  resource: string,
  lasting: readonly (Need | undefined)[],
  shared: Need | undefined,
): ContainerExtendedResourceRequest[] {
  const mappings: ContainerExtendedResourceRequest[] = []
  let missing = need.count
  for (const each of lasting.slice(need.index)) {
    if (missing <= 0) break
    if (!each) continue
    mappings.push(mappingOf(need, resource, each.request))
    missing -= each.count
  }
  return missing > 0 && shared ? [...mappings, mappingOf(need, resource, shared.request)] : mappings
}

const deviceRequest = ({ request, count }: Need, deviceClassName: string): DeviceRequest => ({
  name: request,
  exactly: { deviceClassName, allocationMode: 'ExactCount', count },
})
