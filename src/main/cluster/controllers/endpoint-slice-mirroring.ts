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
import type { Stored } from '#shared/kube/object.ts'
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
    const wanted = isMirrored ? mirrorsOf(source) : []
    const { pairs, spare } = matched(wanted, present)
    await Promise.all([...pairs.map(([slice, before]) => write(slice, before)), ...spare.map(remove)])
    return undefined
  }

  async function write(slice: EndpointSlice, before: Stored<EndpointSlice> | undefined): Promise<void> {
    const { labels, annotations } = slice.metadata
    const next =
      before &&
      defined({
        ...before,
        metadata: defined({ ...before.metadata, labels, annotations }),
        endpoints: slice.endpoints,
        ports: slice.ports,
      })
    if (next && jsonEqual(before, next)) return
    try {
      await slices.caughtUp(await (next ? client.update(endpointSlices, next) : client.create(endpointSlices, slice)))
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

/** Slices by what they are for: the same ports and family, or else one of the family that nothing needs any more. */
function matched(
  wanted: readonly EndpointSlice[],
  present: readonly Stored<EndpointSlice>[],
): { pairs: [EndpointSlice, Stored<EndpointSlice> | undefined][]; spare: Stored<EndpointSlice>[] } {
  const spare = [...present]
  const take = (accepts: (slice: EndpointSlice) => boolean): Stored<EndpointSlice> | undefined => {
    const at = spare.findIndex(accepts)
    return at < 0 ? undefined : spare.splice(at, 1)[0]
  }
  const exact = wanted.map((slice) => take((each) => keyOfPorts(each) === keyOfPorts(slice)))
  return {
    pairs: wanted.map((slice, i) => [slice, exact[i] ?? take(({ addressType }) => addressType === slice.addressType)]),
    spare,
  }
}

/** Address family and ports, in whatever order these are. */
const keyOfPorts = ({ addressType, ports = [] }: EndpointSlice): string =>
  [
    addressType,
    ...ports
      .map(({ name = '', port = 0, protocol = 'TCP', appProtocol = '' }) =>
        [name, port, protocol, appProtocol].join('/'),
      )
      .sort(),
  ].join()

/** One slice for each address family and set of ports. */
function mirrorsOf(source: Stored<Endpoints>): EndpointSlice[] {
  const slices = new Map<string, EndpointSlice>()
  for (const slice of (source.subsets ?? []).flatMap((subset) => slicesOf(source, subset))) {
    const key = keyOfPorts(slice)
    slices.set(key, { ...slice, endpoints: [...(slices.get(key)?.endpoints ?? []), ...(slice.endpoints ?? [])] })
  }
  return [...slices.values()]
}

/** Addresses of a subset that are mirrored. */
const mostAddresses = 1_000

function slicesOf(
  source: Stored<Endpoints>,
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
): EndpointSlice[] {
  const endpointsOf = (list: readonly EndpointAddress[], ready: boolean): Endpoint[] =>
    list.map(({ ip, hostname, nodeName, targetRef }) => ({
      addresses: [ip],
      conditions: { ready },
      ...(hostname ? { hostname } : {}),
      ...(nodeName ? { nodeName } : {}),
      ...(targetRef ? { targetRef } : {}),
    }))
  const all = [...endpointsOf(addresses, true), ...endpointsOf(notReadyAddresses, false)].slice(0, mostAddresses)
  const isIpv6 = ({ addresses: [ip = ''] }: Endpoint): boolean => ip.includes(':')
  const families = [
    { addressType: 'IPv4', members: all.filter((endpoint) => !isIpv6(endpoint)) },
    { addressType: 'IPv6', members: all.filter(isIpv6) },
  ]
  return families
    .filter(({ members }) => members.length > 0)
    .map(({ addressType, members }) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: metadataOf(source),
      addressType,
      endpoints: members,
      ports: ports.map(({ name: portName = '', protocol = 'TCP', ...port }) => ({ name: portName, protocol, ...port })),
    }))
}

/** Annotations that say something of the Endpoints only. */
const ownAnnotations = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
]

function metadataOf(source: Stored<Endpoints>): EndpointSlice['metadata'] {
  const { name, namespace, labels, annotations = {} } = source.metadata
  const copied = Object.entries(annotations).filter(([key]) => !ownAnnotations.includes(key))
  const { 'endpoints.kubernetes.io/managed-by': _, ...others } = labels ?? {}
  return {
    generateName: `${name}-`,
    namespace,
    labels: { ...others, [serviceLabel]: name, [managerLabel]: manager },
    ...(copied.length > 0 ? { annotations: Object.fromEntries(copied) } : {}),
    ownerReferences: [controllerReference(source, endpoints)],
  }
}
