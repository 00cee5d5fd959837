import { refOf } from '#shared/client/client.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isNamespaceTerminating, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Endpoint, EndpointSlice, Node, Pod, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { endpointSlices, nodes, pods, services } from '#shared/kube/resources.ts'
import { backEndsOf, hasSelector, isHeadless, type BackEnd } from '#shared/kube/service-endpoints.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'
import { changesBackEnd, indexPodsForServices, servicesOfPod } from '#shared/reconcile/service-pods.ts'
import { createTriggerTimes, withTriggerTime } from '#shared/reconcile/trigger-times.ts'

const serviceLabel = 'kubernetes.io/service-name'
const managerLabel = 'endpointslice.kubernetes.io/managed-by'
const manager = 'endpointslice-controller.k8s.io'
const headlessLabel = 'service.kubernetes.io/headless'
const maxEndpoints = 100

/** Maintains the EndpointSlices of Services with a selector: the pods that they select, and their state. */
export function startEndpointSlices(context: ControllerContext): Stop {
  const { client } = context
  const serviceInformer = context.informers.share(services)
  const podInformer = context.informers.share(pods)
  const nodeInformer = context.informers.share(nodes)
  const slices = context.informers.share(endpointSlices)
  slices.addIndex('managed-service', managedService)
  const podsOf = indexPodsForServices(podInformer)
  const servicesOf = servicesOfPod(serviceInformer)
  const triggerTimes = createTriggerTimes()

  async function reconcile(key: string): Promise<Outcome> {
    const service = serviceInformer.get(key)
    // The garbage collector deletes the slices of a deleted Service.
    if (!service) triggerTimes.forget(key)
    if (!service || service.metadata.deletionTimestamp || !hasSelector(service)) return undefined
    const present = slices.byIndex('managed-service', key)
    const selected = podsOf(service)
    const time = triggerTimes.next(service, selected)
    const wanted = familiesOf(service).flatMap((family) => wantedSlices(service, selected, family, present))
    await write(present, wanted, time)
    return undefined
  }

  /** Updates the slices of each address family and set of ports with as few writes as possible. */
  function wantedSlices(
    service: Stored<Service>,
    selected: readonly Stored<Pod>[],
    family: 'IPv4' | 'IPv6',
    present: readonly EndpointSlice[],
  ): EndpointSlice[] {
    // Slices of an earlier Service of the name are on their way out.
    const mine = present.filter(
      ({ addressType, metadata }) =>
        addressType === family && metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid),
    )
    const groups = groupByPorts(backEndsOf(service, selected, family))
    // A Service without endpoints has one empty slice.
    if (groups.length === 0) groups.push({ ports: [], backEnds: [] })
    const wanted = groups.flatMap(({ ports, backEnds }) => {
      const endpoints = new Map(
        backEnds.map((backEnd) => [
          backEnd.pod.metadata.uid,
          endpointOf(service, backEnd, nodeInformer.get(backEnd.pod.spec?.nodeName ?? '')),
        ]),
      )
      const reusable = mine.filter((slice) => jsonEqual(slice.ports ?? [], ports))
      return fill(reusable, endpoints, () => ({ ...newSlice(service, family), ports })).map((slice) => ({
        ...slice,
        metadata: { ...slice.metadata, labels: labelsOf(service) },
      }))
    })
    return recycle(wanted, mine)
  }

  async function write(
    present: readonly Stored<EndpointSlice>[],
    wanted: readonly EndpointSlice[],
    time: string | undefined,
  ): Promise<void> {
    const kept = new Set(wanted.map((slice) => slice.metadata.name))
    const surplus = present.filter((slice) => !kept.has(slice.metadata.name))
    const written = await Promise.all(wanted.map((slice) => writeSlice(slice, present, time)))
    await Promise.all(surplus.map(remove))
    await slices.caughtUp(...written.filter((slice) => slice !== undefined))
  }

  async function writeSlice(
    slice: EndpointSlice,
    present: readonly Stored<EndpointSlice>[],
    time: string | undefined,
  ): Promise<Stored<EndpointSlice> | undefined> {
    const before = present.find((other) => other.metadata.name === slice.metadata.name)
    if (before && jsonEqual(before, slice)) return undefined
    const metadata = withTriggerTime(slice.metadata, time)
    try {
      if (!before) return await client.create(endpointSlices, { ...slice, metadata })
      const { name } = before.metadata
      return await client.update(endpointSlices, { ...slice, metadata: { ...metadata, name } })
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined
      throw error
    }
  }

  async function remove(slice: Stored<EndpointSlice>): Promise<void> {
    try {
      await client.delete(endpointSlices, refOf(slice))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    await slices.until(keyOf(slice), (seen) => seen?.metadata.uid !== slice.metadata.uid)
  }

  const controller = runController({
    ...context,
    name: 'endpoint-slice',
    reconcile,
    shares: [serviceInformer, podInformer, nodeInformer, slices],
    workers: 8,
    watches: [
      watch(serviceInformer, keyOf),
      watch(podInformer, servicesOf, changesBackEnd),
      watch(slices, managedService),
      // Endpoints carry their node's zone: they change with it.
      watch(
        nodeInformer,
        (node) => podInformer.byIndex('node-name', node.metadata.name).flatMap(servicesOf),
        (previous, node) => zoneOf(previous) !== zoneOf(node),
      ),
    ],
  })
  podInformer.addIndex('node-name', (pod) => pod.spec?.nodeName)

  return () => controller.stop()
}

/** Key of the Service that the slice belongs to, where this controller manages the slice. */
function managedService({ metadata }: Stored<EndpointSlice>): string | undefined {
  const service = metadata.labels?.[serviceLabel]
  return service && metadata.labels?.[managerLabel] === manager ? `${metadata.namespace}/${service}` : undefined
}

const familiesOf = ({ spec }: Service): ('IPv4' | 'IPv6')[] =>
  spec?.ipFamilies?.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4')) ?? ['IPv4']

function groupByPorts(backEnds: readonly BackEnd[]): { ports: BackEnd['ports']; backEnds: BackEnd[] }[] {
  const groups = new Map<string, { ports: BackEnd['ports']; backEnds: BackEnd[] }>()
  for (const backEnd of backEnds) {
    const key = JSON.stringify(backEnd.ports)
    const group = groups.get(key) ?? { ports: backEnd.ports, backEnds: [] }
    group.backEnds.push(backEnd)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** New slices take the place of those that are no longer wanted, as in Kubernetes. */
function recycle(wanted: readonly EndpointSlice[], present: readonly EndpointSlice[]): EndpointSlice[] {
  const kept = new Set(wanted.map(({ metadata }) => metadata.name))
  const surplus = present.filter(({ metadata }) => !kept.has(metadata.name))
  return wanted.map((slice) => {
    const place = slice.metadata.name === undefined ? surplus.pop() : undefined
    return place ? { ...place, ...slice, metadata: { ...place.metadata, ...slice.metadata } } : slice
  })
}

/** Endpoints stay in their slice; new ones fill slices with room, then new slices. */
function fill(
  present: readonly EndpointSlice[],
  endpoints: Map<string, Endpoint>,
  create: () => EndpointSlice,
): EndpointSlice[] {
  const left = new Map(endpoints)
  const filled = present.map((slice) => {
    const kept: Endpoint[] = []
    for (const { targetRef } of slice.endpoints ?? []) {
      const endpoint = left.get(targetRef?.uid ?? '')
      if (!endpoint) continue
      kept.push(endpoint)
      left.delete(targetRef?.uid ?? '')
    }
    return { ...slice, endpoints: kept }
  })
  const added = [...left.values()]
  // Fullest first: this keeps slices few, and changes few of them.
  for (const slice of [...filled].sort((a, b) => b.endpoints.length - a.endpoints.length))
    slice.endpoints.push(...added.splice(0, Math.max(0, maxEndpoints - slice.endpoints.length)))
  const kept: EndpointSlice[] = filled.filter((slice) => slice.endpoints.length > 0)
  while (added.length > 0) kept.push({ ...create(), endpoints: added.splice(0, maxEndpoints) })
  if (kept.length > 0) return kept
  return [filled[0] ?? { ...create(), endpoints: [] }]
}

function endpointOf(
  service: Service,
  { pod, address, ready, serving, terminating, hostname }: BackEnd,
  node: Node | undefined,
): Endpoint {
  const zone = node && zoneOf(node)
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...hintsOf(service, { ready, nodeName: pod.spec?.nodeName, zone }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  }
}

/** Where the Service wants its traffic to stay: proxies use an endpoint for the nodes and zones of its hints. */
function hintsOf(
  { spec }: Service,
  { ready, nodeName, zone }: { ready: boolean; nodeName: string | undefined; zone: string | undefined },
): Pick<Endpoint, 'hints'> {
  const sameNode = spec?.trafficDistribution === 'PreferSameNode'
  const sameZone = sameNode || ['PreferClose', 'PreferSameZone'].includes(spec?.trafficDistribution ?? '')
  if (!ready) return {}
  const hints = {
    ...(sameNode && nodeName ? { forNodes: [{ name: nodeName }] } : {}),
    ...(sameZone && zone ? { forZones: [{ name: zone }] } : {}),
  }
  return Object.keys(hints).length > 0 ? { hints } : {}
}

const zoneOf = ({ metadata }: Node): string | undefined => metadata.labels?.['topology.kubernetes.io/zone']

function newSlice(service: Stored<Service>, family: 'IPv4' | 'IPv6'): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace,
      ownerReferences: [controllerReference(service, services)],
    },
    addressType: family,
    endpoints: [],
  }
}

/** The Service's own labels, and those by which slices are found. */
function labelsOf(service: Stored<Service>): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {}
  return {
    ...labels,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceLabel]: service.metadata.name,
    [managerLabel]: manager,
  }
}
