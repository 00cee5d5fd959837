import { refOf } from '#shared/client/client.ts'
import { defined, jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isNamespaceTerminating, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  Endpoint,
  EndpointAddress,
  Endpoints,
  EndpointSlice,
  EndpointSubset,
} from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { endpoints, endpointSlices, services } from '#shared/kube/resources.ts'
import { hasSelector } from '#shared/kube/service-endpoints.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'

const serviceLabel = 'kubernetes.io/service-name'
const managerLabel = 'endpointslice.kubernetes.io/managed-by'
const manager = 'endpointslicemirroring-controller.k8s.io'
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'

/** Mirrors hand-written Endpoints of Services without a selector as EndpointSlices, which proxies and DNS read. */
export function startEndpointSliceMirroring(context: ControllerContext): Stop {
  const { client } = context
  const serviceInformer = context.informers.share(services)
  const endpointsInformer = context.informers.share(endpoints)
  const slices = context.informers.share(endpointSlices)
  slices.addIndex('mirrored-endpoints', mirroredEndpoints)

  async function reconcile(key: string): Promise<Outcome> {
    const source = endpointsInformer.get(key)
    const service = serviceInformer.get(key)
    const present = slices.byIndex('mirrored-endpoints', key)
    const isMirrored =
      source && service && !hasSelector(service) && service.spec?.type !== 'ExternalName' && !isSkipped(source)
    const wanted = isMirrored ? (source.subsets ?? []).flatMap((subset, at) => sliceOf(source, subset, at)) : []
    await Promise.all([
      ...wanted.map((slice) => write(slice, present)),
      ...present.filter(({ metadata }) => !wanted.some((slice) => slice.metadata.name === metadata.name)).map(remove),
    ])
    return undefined
  }

  async function write(slice: EndpointSlice & Named, present: readonly Stored<EndpointSlice>[]): Promise<void> {
    const before = present.find(({ metadata }) => metadata.name === slice.metadata.name)
    const wanted = before ? defined({ ...before, endpoints: slice.endpoints, ports: slice.ports }) : slice
    if (before && jsonEqual(before, wanted)) return
    try {
      await slices.caughtUp(
        await (before ? client.update(endpointSlices, wanted) : client.create(endpointSlices, wanted)),
      )
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error
    }
  }

  async function remove(slice: Stored<EndpointSlice>): Promise<void> {
    await client.delete(endpointSlices, refOf(slice)).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
    await slices.until(keyOf(slice), (seen) => seen?.metadata.uid !== slice.metadata.uid)
  }

  const controller = runController({
    ...context,
    name: 'endpoint-slice-mirroring',
    reconcile,
    shares: [serviceInformer, endpointsInformer, slices],
    watches: [watch(serviceInformer, keyOf), watch(endpointsInformer, keyOf), watch(slices, mirroredEndpoints)],
  })

  return () => controller.stop()
}

/** Labelled by their writer as not to be mirrored: the Endpoints of `kubernetes`, and those of leader elections. */
const isSkipped = ({ metadata }: Endpoints): boolean =>
  metadata.labels?.[skipLabel] === 'true' || Boolean(metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'])

function mirroredEndpoints({ metadata }: Stored<EndpointSlice>): string | undefined {
  const name = metadata.labels?.[serviceLabel]
  return name && metadata.labels?.[managerLabel] === manager ? `${metadata.namespace}/${name}` : undefined
}

/** One slice per subset and address family, named by their position. */
function sliceOf(
  source: Stored<Endpoints>,
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
  at: number,
): (EndpointSlice & Named)[] {
  const endpointsOf = (list: readonly EndpointAddress[], ready: boolean): Endpoint[] =>
    list.map(({ ip, hostname, nodeName, targetRef }) => ({
      addresses: [ip],
      conditions: { ready },
      ...(hostname ? { hostname } : {}),
      ...(nodeName ? { nodeName } : {}),
      ...(targetRef ? { targetRef } : {}),
    }))
  const all = [...endpointsOf(addresses, true), ...endpointsOf(notReadyAddresses, false)]
  const families = [
    { addressType: 'IPv4', suffix: '', members: all.filter(({ addresses: [ip = ''] }) => !ip.includes(':')) },
    { addressType: 'IPv6', suffix: '-ipv6', members: all.filter(({ addresses: [ip = ''] }) => ip.includes(':')) },
  ]
  const name = source.metadata.name
  const { 'endpoints.kubernetes.io/managed-by': _, ...labels } = source.metadata.labels ?? {}
  return families
    .filter(({ members }) => members.length > 0)
    .map(({ addressType, suffix, members }) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-mirror-${at}${suffix}`,
        namespace: source.metadata.namespace,
        labels: { ...labels, [serviceLabel]: name, [managerLabel]: manager },
        ownerReferences: [controllerReference(source, endpoints)],
      },
      addressType,
      endpoints: members,
      ports: ports.map(({ name: portName = '', protocol = 'TCP', ...port }) => ({ name: portName, protocol, ...port })),
    }))
}
