import { refOf } from '#shared/client/client.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isNamespaceTerminating, isNotFound } from '#shared/kube/error-kinds.ts'
import type { EndpointAddress, Endpoints, EndpointSubset, Service } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { endpoints, pods, services } from '#shared/kube/resources.ts'
import { backEndsOf, hasSelector, isHeadless, type BackEnd, type BackEndPort } from '#shared/kube/service-endpoints.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { changesBackEnd, indexPodsForServices, servicesOfPod } from '#shared/reconcile/service-pods.ts'
import { createTriggerTimes, withTriggerTime } from '#shared/reconcile/trigger-times.ts'

const headlessLabel = 'service.kubernetes.io/headless'
const managerLabel = 'endpoints.kubernetes.io/managed-by'
const overCapacity = 'endpoints.kubernetes.io/over-capacity'
const maxAddresses = 1000

/** Maintains the Endpoints of Services with a selector, for clients that do not read EndpointSlices. */
export function startEndpoints(context: ControllerContext): Stop {
  const { client } = context
  const serviceInformer = context.informers.share(services)
  const podInformer = context.informers.share(pods)
  const endpointsInformer = context.informers.share(endpoints)
  const podsOf = indexPodsForServices(podInformer)
  const servicesOf = servicesOfPod(serviceInformer)
  const triggerTimes = createTriggerTimes()

  async function reconcile(key: string): Promise<Outcome> {
    const service = serviceInformer.get(key)
    const present = endpointsInformer.get(key)
    if (!service) {
      triggerTimes.forget(key)
      return present && isOurs(present) ? remove(present) : undefined
    }
    if (!hasSelector(service) || service.metadata.deletionTimestamp) return undefined
    const selected = podsOf(service)
    const time = triggerTimes.next(service, selected)
    const wanted = endpointsOf(service, backEndsOf(service, selected), present)
    if (present && jsonEqual(present, wanted)) return undefined
    wanted.metadata = withTriggerTime(wanted.metadata, time)
    try {
      await endpointsInformer.caughtUp(
        await (present ? client.update(endpoints, wanted) : client.create(endpoints, wanted)),
      )
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error
    }
    return undefined
  }

  /** Endpoints have no owner reference, so this controller deletes them. */
  async function remove(present: Stored<Endpoints>): Promise<undefined> {
    await client.delete(endpoints, refOf(present)).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  }

  const controller = runController({
    ...context,
    name: 'endpoints',
    reconcile,
    shares: [serviceInformer, podInformer, endpointsInformer],
    workers: 8,
    watches: [
      watch(serviceInformer, keyOf),
      watch(podInformer, servicesOf, changesBackEnd),
      watch(endpointsInformer, keyOf),
    ],
  })

  return () => controller.stop()
}

const isOurs = ({ metadata }: Endpoints): boolean => metadata.labels?.[managerLabel] === 'endpoint-controller'

function endpointsOf(
  service: Stored<Service>,
  backEnds: readonly BackEnd[],
  present: Stored<Endpoints> | undefined,
): Endpoints & Named {
  // Terminating pods are left out: Endpoints cannot express that they still serve.
  const listed = backEnds.filter(({ ready, terminating }) => ready || !terminating)
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {}
  const { [overCapacity]: __, ...annotations } = present?.metadata.annotations ?? {}
  const { subsets: ___, ...rest } = present ?? {}
  return {
    ...rest,
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...(present?.metadata ?? { name: service.metadata.name, namespace: service.metadata.namespace }),
      labels: {
        ...labels,
        ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
        [managerLabel]: 'endpoint-controller',
      },
      ...(listed.length > maxAddresses
        ? { annotations: { ...annotations, [overCapacity]: 'truncated' } }
        : Object.keys(annotations).length > 0
          ? { annotations }
          : {}),
    },
    ...subsetsOf(service, listed.slice(0, maxAddresses)),
  }
}

/** Addresses with the same ports form one subset, in a deterministic order. */
function subsetsOf(service: Service, backEnds: readonly BackEnd[]): { subsets?: EndpointSubset[] } {
  const groups = new Map<string, { ports: BackEndPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>()
  for (const backEnd of [...backEnds].sort((a, b) => (a.address < b.address ? -1 : 1))) {
    if (backEnd.ports.length === 0 && (service.spec?.ports?.length ?? 0) > 0) continue
    const key = JSON.stringify(backEnd.ports)
    const group = groups.get(key) ?? { ports: backEnd.ports, ready: [], notReady: [] }
    ;(backEnd.ready ? group.ready : group.notReady).push(addressOf(backEnd))
    groups.set(key, group)
  }
  const subsets = [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ...(ports.length > 0 ? { ports: ports.map(({ name, ...port }) => (name ? { name, ...port } : port)) } : {}),
    }))
  return subsets.length > 0 ? { subsets } : {}
}

const addressOf = ({ pod, address, hostname }: BackEnd): EndpointAddress => ({
  ip: address,
  ...(hostname ? { hostname } : {}),
  ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
  targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
})
