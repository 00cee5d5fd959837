import type { Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import { keyOf, type Informer } from '#shared/client/informer.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Endpoints, EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import { endpoints, endpointSlices, namespaces, services } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

export interface KubernetesServiceOptions {
  /** `10.96.0.1`. */
  clusterIP: string
  /** Addresses and port of the API server as seen from within the cluster. */
  advertised: { address: string; port: number }
}

const key = 'default/kubernetes'
const metadata = { name: 'kubernetes', namespace: 'default' }

/** Maintains the Service `kubernetes` and its endpoints, by which pods find the API server. */
export function startKubernetesService(context: ControllerContext, options: KubernetesServiceOptions): Stop {
  const { client } = context
  const namespaceInformer = context.informers.share(namespaces)
  const serviceInformer = context.informers.share(services)
  const endpointsInformer = context.informers.share(endpoints)
  const slices = context.informers.share(endpointSlices)
  const wanted = wantedObjects(options)

  async function reconcile(): Promise<Outcome> {
    // Its namespace does not exist yet: the namespace's event causes another reconcile.
    if (!namespaceInformer.get('default')) return undefined
    await ensure(services, serviceInformer, wanted.service)
    await ensure(endpoints, endpointsInformer, wanted.endpoints)
    await ensure(endpointSlices, slices, wanted.slice)
    return undefined
  }

  /** Creates the object, or restores the fields that somebody changed. */
  async function ensure<T extends KubeObject>(resource: Resource<T>, informer: Informer<T>, object: T): Promise<void> {
    const present = informer.get(key)
    if (present && isContained(object, present)) return
    await informer.caughtUp(
      present
        ? await client.patch(resource, metadata, { type: 'merge', body: object })
        : await client.create(resource, object),
    )
  }

  const only = (object: Stored): string | undefined => (keyOf(object) === key ? key : undefined)
  const controller = runController({
    ...context,
    name: 'kubernetes-service',
    reconcile,
    shares: [namespaceInformer, serviceInformer, endpointsInformer, slices],
    watches: [
      watch(namespaceInformer, ({ metadata: { name } }) => (name === 'default' ? key : undefined)),
      watch(serviceInformer, only),
      watch(endpointsInformer, only),
      watch(slices, only),
    ],
  })

  return () => controller.stop()
}

function wantedObjects({ clusterIP, advertised }: KubernetesServiceOptions): {
  service: Service
  endpoints: Endpoints
  slice: EndpointSlice
} {
  const port = { name: 'https', port: advertised.port, protocol: 'TCP' }
  return {
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        clusterIPs: [clusterIP],
        ports: [{ ...port, port: 443, targetPort: advertised.port }],
      },
    },
    endpoints: {
      apiVersion: 'v1',
      kind: 'Endpoints',
      // Without this label the mirroring controller would make a second slice of it.
      metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: advertised.address }], ports: [port] }],
    },
    slice: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: advertised.address.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [advertised.address], conditions: { ready: true } }],
      ports: [port],
    },
  }
}

/** Whether `present` has every field of `wanted`; it may have more fields, but no longer lists. */
function isContained(wanted: unknown, present: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === present
  if (typeof present !== 'object' || present === null) return false
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(present) &&
      present.length === wanted.length &&
      wanted.every((item, index) => isContained(item, present[index]))
    )
  }
  return Object.entries(wanted).every(([name, value]) => isContained(value, (present as Record<string, unknown>)[name]))
}
