import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import type { Service, ServicePort } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { endpointSlices, nodes, services } from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import type { ConnectionSlots } from '../connection-slots.ts'
import { createBalancer, type Balancer, type Dial } from '../balancer.ts'
import { endpointsOf, serviceKeyOf } from '../endpoints.ts'
import { join } from '../join.ts'
import { alternativesTo, listenOnLoopback, type LoopbackListener, type PortRefused } from '../loopback-port.ts'
import { holderOf } from '../port-holder.ts'
import { listenForDatagrams } from '../udp-port.ts'
import {
  actionFor,
  affinityMs,
  cleanupFinalizer,
  hostPortsAnnotation,
  hostPortsText,
  isServed,
  loadBalancerStatus,
  portId,
  wantedPorts,
  type WantedPort,
} from './decide.ts'

export interface LoadBalancerOptions {
  dial: Dial
  slots: ConnectionSlots
  /** Finds the process that holds a port; the host is asked when unset. */
  holder?: (port: number, protocol: 'TCP' | 'UDP') => Promise<string | undefined>
  /** Ports below this one count as not permitted: for tests, which may run as root. */
  firstPermitted?: number
}

/** When ports that are all taken are tried again, ms. */
const retryMs = 60_000

/**
 * Serves each LoadBalancer Service on 127.0.0.1, at the port of the same number or the next free one. A connection goes
 * through the tunnel of its endpoint's node. Begins with the cluster's first node, as upstream's service controller
 * creates no load balancer without nodes; events and finalizer are that controller's.
 */
export function startLoadBalancers(context: ControllerContext, options: LoadBalancerOptions): Stop {
  const { client, clock } = context
  const { holder = holderOf } = options
  const recorder = recorderOf(context, 'service', 'service-controller')
  const serviceInformer = context.informers.share(services)
  const slices = context.informers.share(endpointSlices)
  const nodeInformer = context.informers.share(nodes)
  slices.addIndex('service', serviceKeyOf)
  const served = new Map<string, ServedService>()

  async function reconcile(key: string): Promise<Outcome> {
    const service = serviceInformer.get(key)
    const action = service ? actionFor(service) : 'ignore'
    if (!service || action === 'ignore') {
      await closeAll(key)
      return undefined
    }
    if (action === 'release') return release(key, service)
    return nodeInformer.list().length > 0 ? ensure(key, service) : undefined
  }

  async function ensure(key: string, service: Stored<Service>): Promise<Outcome> {
    const known = served.get(key)
    const current: ServedService = known ?? {
      balancer: createBalancer({ dial: options.dial, clock }),
      listeners: new Map(),
      isAnnounced: false,
    }
    served.set(key, current)
    if (!known) recorder.event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer')
    await closeUnwanted(service, current)
    let missing = 0
    for (const wanted of wantedPorts(service)) {
      if (current.listeners.has(wanted.id)) continue
      if (!(await listen(key, service, wanted, current))) missing++
    }
    const bound = new Map([...current.listeners].map(([id, { port }]) => [id, port]))
    await writeResult(service, bound)
    if (!current.isAnnounced) announce(service)
    current.isAnnounced = true
    return missing > 0 ? { requeueAfter: retryMs } : undefined
  }

  function announce(service: Stored<Service>): void {
    for (const port of (service.spec?.ports ?? []).filter((one) => !isServed(one)))
      recorder.event(service, 'Warning', 'LoadBalancerPortNotServed', notServedText(port))
    recorder.event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer')
  }

  /** Listens on the first port that can be had. @returns false when there is none */
  async function listen(
    key: string,
    service: Stored<Service>,
    { id, servicePort, first }: WantedPort,
    { listeners, balancer }: ServedService,
  ): Promise<boolean> {
    let refusal: PortRefused | undefined
    const candidates = [...first]
    for (let at = 0; at < candidates.length; at++) {
      const port = candidates[at] ?? 0
      const answer = await attempt(port, () =>
        servicePort.protocol === 'UDP'
          ? listenForDatagrams(port, { connect: (client) => connect({ key, id, client, balancer, transport: 'UDP' }) })
          : listenOnLoopback(port, (socket) => {
              if (options.slots.take(socket)) void carry(socket, { key, id, balancer })
            }),
      )
      if (!('refused' in answer)) {
        listeners.set(id, answer)
        if (answer.port !== servicePort.port && refusal)
          recorder.event(
            service,
            'Warning',
            'LoadBalancerPortTaken',
            await takenText(servicePort, refusal, answer.port),
          )
        return true
      }
      if (port !== servicePort.port) continue
      refusal = answer
      candidates.push(...alternativesTo(port, answer.refused))
    }
    if (refusal)
      recorder.event(service, 'Warning', 'LoadBalancerPortTaken', await takenText(servicePort, refusal, undefined))
    return false
  }

  const attempt = (
    port: number,
    listenOn: () => Promise<LoopbackListener | PortRefused>,
  ): Promise<LoopbackListener | PortRefused> =>
    port < (options.firstPermitted ?? 0)
      ? Promise.resolve({ refused: 'not-permitted', message: 'permission denied' })
      : listenOn()

  async function takenText(
    { port, protocol }: ServicePort,
    refusal: PortRefused,
    chosen: number | undefined,
  ): Promise<string> {
    const instead = chosen === undefined ? 'no other port is free' : `port ${chosen} is used instead`
    if (refusal.refused === 'not-permitted')
      return `Port ${port} of 127.0.0.1 needs rights that this user does not have; ${instead}`
    if (refusal.refused === 'failed') return `Port ${port} of 127.0.0.1 cannot be used (${refusal.message}); ${instead}`
    const process = await holder(port, protocol === 'UDP' ? 'UDP' : 'TCP')
    return `Port ${port} of 127.0.0.1 is taken${process ? ` by ${process}` : ''}; ${instead}`
  }

  /** @throws Error when the Service has no endpoint that can be reached */
  async function connect({ key, id, client: from, balancer, transport = 'TCP' }: Incoming): Promise<Duplex> {
    const service = serviceInformer.get(key)
    const port = service?.spec?.ports?.find((one) => portId(one) === id)
    if (!service || !port) throw new Error('the Service is gone')
    return balancer.connect({
      endpoints: endpointsOf(port, slices.byIndex('service', key)),
      client: from,
      affinityMs: affinityMs(service),
      transport,
    })
  }

  async function carry(socket: Socket, incoming: Omit<Incoming, 'client'>): Promise<void> {
    try {
      join(socket, await connect({ ...incoming, client: socket.remoteAddress ?? '' }))
    } catch (error) {
      context.log.debug('a connection to a load balancer was refused', { service: incoming.key, error: String(error) })
      socket.resetAndDestroy()
    }
  }

  /** Finalizer first: from then on the Service does not go before its listeners are closed. */
  async function writeResult(service: Stored<Service>, bound: ReadonlyMap<string, number>): Promise<void> {
    let current = service
    const text = hostPortsText(service, bound)
    const { annotations, finalizers = [] } = service.metadata
    if (annotations?.[hostPortsAnnotation] !== text || !finalizers.includes(cleanupFinalizer))
      current = await client.patch(services, refOf(service), {
        type: 'merge',
        body: {
          metadata: {
            resourceVersion: service.metadata.resourceVersion,
            annotations: { [hostPortsAnnotation]: text ?? null },
            finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer],
          },
        },
      })
    const loadBalancer = loadBalancerStatus(service, bound)
    if (!jsonEqual(loadBalancer, current.status?.loadBalancer))
      current = await client.updateStatus(services, { ...current, status: { ...current.status, loadBalancer } })
    if (current !== service) await serviceInformer.caughtUp(current)
  }

  async function release(key: string, service: Stored<Service>): Promise<Outcome> {
    recorder.event(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer')
    await closeAll(key)
    let current = service
    if (!service.metadata.deletionTimestamp && service.status?.loadBalancer?.ingress)
      current = await client.updateStatus(services, { ...service, status: { ...service.status, loadBalancer: {} } })
    const { resourceVersion, finalizers = [] } = current.metadata
    await client.patch(services, refOf(service), {
      type: 'merge',
      body: {
        metadata: {
          resourceVersion,
          annotations: { [hostPortsAnnotation]: null },
          finalizers: finalizers.filter((one) => one !== cleanupFinalizer),
        },
      },
    })
    recorder.event(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer')
    return undefined
  }

  async function closeAll(key: string): Promise<void> {
    const current = served.get(key)
    served.delete(key)
    await Promise.all([...(current?.listeners.values() ?? [])].map((listener) => listener.stop()))
  }

  const controller = runController({
    ...context,
    name: 'load-balancer',
    reconcile,
    shares: [serviceInformer, slices, nodeInformer],
    watches: [
      watch(serviceInformer, keyOf),
      watch(
        nodeInformer,
        () =>
          serviceInformer
            .list()
            .filter(({ spec }) => spec?.type === 'LoadBalancer')
            .map(keyOf),
        // Only whether there are nodes matters.
        () => false,
      ),
    ],
  })

  return async () => {
    await controller.stop()
    await Promise.all([...served.keys()].map(closeAll))
  }
}

/** A new connection, or the first datagram of a client. */
interface Incoming {
  /** Of the Service. */
  key: string
  /** Of its port. */
  id: string
  /** Address of the client. */
  client: string
  balancer: Balancer
  transport?: 'TCP' | 'UDP'
}

interface ServedService {
  balancer: Balancer
  /** By id of the Service's port. */
  listeners: Map<string, LoopbackListener>
  /** Whether its events have been recorded. */
  isAnnounced: boolean
}

async function closeUnwanted(service: Service, { listeners }: ServedService): Promise<void> {
  const wanted = new Set(wantedPorts(service).map(({ id }) => id))
  for (const [id, listener] of listeners) {
    if (wanted.has(id)) continue
    listeners.delete(id)
    await listener.stop()
  }
}

const notServedText = ({ port, protocol }: ServicePort): string =>
  `Port ${port}/${protocol ?? 'TCP'} is not served on 127.0.0.1: only TCP and UDP are`
