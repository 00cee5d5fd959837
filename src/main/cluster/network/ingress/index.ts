import type { Stop } from '#shared/base/disposable.ts'
import { createFaultLog } from '#shared/base/fault-log.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import type { Ingress } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { endpointSlices, ingressClasses, ingresses, nodes, secrets, services } from '#shared/kube/resources.ts'
import { EdgeError } from '#main/http/edge.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { createBalancer, type Dial } from '../balancer.ts'
import type { ConnectionSlots } from '../connection-slots.ts'
import { createBackends } from '../backends.ts'
import { serviceKeyOf } from '../endpoints.ts'
import { exchangeOf } from '../gateway/exchange.ts'
import { specificity } from '../gateway/hostnames.ts'
import type { GatewayController } from '../gateway/index.ts'
import { choose } from '../gateway/table.ts'
import type { LoopbackListener } from '../loopback-port.ts'
import { createCertificates } from './certificates.ts'
import type { ProxiedRequest, Routed, TlsExchange } from './exchange.ts'
import {
  defaultClassAnnotation,
  isServed,
  knowsHost,
  ownClassName,
  ownController,
  routeFor,
  routesOfIngress,
  secretFor,
  tableOf,
  type IngressRoutes,
  type RouteTable,
} from './routes.ts'
import { startIngressServer } from './server.ts'

export interface IngressOptions {
  dial: Dial
  slots: ConnectionSlots
  /** The port of 127.0.0.1 to listen on; any free one for 0. */
  port: number
  /** Issues a serving certificate of the cluster's authority. */
  issueCertificate(hosts: readonly string[]): Promise<{ cert: string; key: string }>
  /** Gateways that are served at the same port. */
  gateways?: Pick<GatewayController, 'table'>
}

/** The running Ingress controller. */
export interface IngressController {
  /** Of 127.0.0.1. */
  readonly port: number
  stop: Stop
}

/** Key of the reconcile that creates the class; no Ingress has it. */
const classKey = '(class)'

/**
 * Serves Ingresses of the class `slipway` at one port of 127.0.0.1. An Ingress that changes is compiled alone and the
 * table joined anew; endpoints are looked up at each request, so that their changes cost nothing. Class and statuses
 * are written once the cluster has a node.
 * @throws Error when no port can be listened on
 */
export async function startIngresses(context: ControllerContext, options: IngressOptions): Promise<IngressController> {
  const { client, clock, log } = context
  const recorder = recorderOf(context, 'ingress', 'slipway-ingress-controller')
  const ingressInformer = context.informers.share(ingresses)
  const classInformer = context.informers.share(ingressClasses)
  const serviceInformer = context.informers.share(services)
  const slices = context.informers.share(endpointSlices)
  const secretInformer = context.informers.share(secrets)
  const nodeInformer = context.informers.share(nodes)
  slices.addIndex('service', serviceKeyOf)
  const balancer = createBalancer({ dial: options.dial, clock })
  const compiled = new Map<string, IngressRoutes>()
  let table: RouteTable | undefined
  let classMade = false

  const currentTable = (): RouteTable => (table ??= tableOf([...compiled.values()]))
  const issue = (host: string): Promise<{ cert: string; key: string }> =>
    options.issueCertificate(host === 'localhost' ? ['localhost', '127.0.0.1', '::1'] : [host])
  const { gateways } = options
  const certificates = createCertificates({
    secretFor(host) {
      const ofGateway = gateways?.table().certificateFor(host)
      const own = secretFor(currentTable(), host)
      return secretInformer.get(own ?? (typeof ofGateway === 'object' ? ofGateway.secret : ''))
    },
    secret: (key) => secretInformer.get(key),
    knows: (host) => knowsHost(currentTable(), host) || gateways?.table().knowsHost(host) === true,
    issue,
    log,
  })

  const backends = createBackends({ services: serviceInformer, slices, balancer })

  /** Of Gateways and Ingresses, whoever names the host more exactly. @throws EdgeError 404, 500 or 503 */
  async function route(request: ProxiedRequest): Promise<Routed> {
    const { host, path, client: from } = request
    const matched = gateways?.table().match(host, request)
    const found = routeFor(currentTable(), host, path)
    if (matched && (!found || matched.specificity >= specificity(found.host))) {
      // All hosts are at one port: a connection that was opened for another one shows nothing for this.
      if (matched.clients?.isRequired && matched.clients.id !== request.validatedBy)
        throw new EdgeError(421, `${host} needs a connection of its own, with a client certificate`)
      return exchangeOf(matched, request, backends)
    }
    if (!found) throw new EdgeError(404, `no Ingress or HTTPRoute has a rule for ${host}${path}`)
    return { connection: await backends.connect(found.backend, from) }
  }

  /** @returns undefined where the host's HTTPS is served here */
  function tlsRoute(serverName: string): TlsExchange | undefined {
    const target = gateways?.table().tlsTarget(serverName)
    if (!target) return undefined
    return {
      ...(target.certificate ? { context: certificates.contextOf(target.certificate, serverName) } : {}),
      async connect(from) {
        const chosen = choose(target.backends)
        if (!chosen?.backend) throw new EdgeError(500, 'the route has no valid back end')
        return backends.connect(chosen.backend, from)
      },
    }
  }

  const server = await listen(options.port, {
    route,
    tlsRoute,
    certificate: await issue('localhost'),
    clientsOf: (name) => gateways?.table().clientsOf(name.toLowerCase()),
    contextFor: (name, clients) => certificates.contextFor(name, clients),
    slots: options.slots,
    onFault: createFaultLog({ log, clock, message: 'a request to an Ingress failed' }),
  })

  async function reconcile(key: string): Promise<Outcome> {
    if (key === classKey) return ensureClass()
    const ingress = ingressInformer.get(key)
    if (!ingress || !isServed(ingress, classInformer.list())) {
      if (compiled.delete(key)) table = undefined
      if (ingress) await clearStatus(ingress)
      return undefined
    }
    compiled.set(key, routesOfIngress(ingress))
    table = undefined
    if (nodeInformer.list().length > 0) await writeStatus(ingress)
    return undefined
  }

  /** The class is made once: who deletes it gets it back at the next start. It is the default where there is none. */
  async function ensureClass(): Promise<Outcome> {
    if (nodeInformer.list().length === 0 || classMade || classInformer.get(ownClassName)) return undefined
    const hasDefault = classInformer
      .list()
      .some(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
    try {
      await client.create(ingressClasses, {
        metadata: {
          name: ownClassName,
          ...(hasDefault ? {} : { annotations: { [defaultClassAnnotation]: 'true' } }),
        },
        spec: { controller: ownController },
      })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    classMade = true
    return undefined
  }

  const ownStatus = {
    ingress: [{ ip: '127.0.0.1', hostname: 'localhost', ports: [{ port: server.port, protocol: 'TCP' }] }],
  }

  async function writeStatus(ingress: Stored<Ingress>): Promise<void> {
    if (jsonEqual(ownStatus, ingress.status?.loadBalancer)) return
    const status = { ...ingress.status, loadBalancer: ownStatus }
    const written = await client.updateStatus(ingresses, { ...ingress, status })
    recorder.event(ingress, 'Normal', 'Sync', `Scheduled for sync: ${addressesOf(ingress, server.port).join(', ')}`)
    await ingressInformer.caughtUp(written)
  }

  /** Takes back only what this controller has written. */
  async function clearStatus(ingress: Stored<Ingress>): Promise<void> {
    const [first] = ingress.status?.loadBalancer?.ingress ?? []
    if (first?.ip !== '127.0.0.1' || first.hostname !== 'localhost') return
    await client.updateStatus(ingresses, { ...ingress, status: { ...ingress.status, loadBalancer: {} } })
  }

  const everyIngress = (): string[] => ingressInformer.list().map(keyOf)
  const controller = runController({
    ...context,
    name: 'ingress',
    reconcile,
    shares: [ingressInformer, classInformer, serviceInformer, slices, secretInformer, nodeInformer],
    watches: [
      watch(ingressInformer, keyOf),
      watch(classInformer, everyIngress),
      watch(
        nodeInformer,
        () => [classKey, ...everyIngress()],
        // Only whether there are nodes matters.
        () => false,
      ),
    ],
  })

  return {
    port: server.port,
    async stop() {
      await controller.stop()
      await server.stop()
    },
  }
}

/** Listens on `port`, or any other where that is taken. @throws Error when no port can be listened on */
async function listen(
  port: number,
  options: Omit<Parameters<typeof startIngressServer>[0], 'port'>,
): Promise<LoopbackListener> {
  const wanted = await startIngressServer({ ...options, port })
  // Another program may have taken the port since it was found free.
  const server = 'refused' in wanted ? await startIngressServer({ ...options, port: 0 }) : wanted
  if ('refused' in server) throw new Error(`the Ingress controller cannot listen on 127.0.0.1: ${server.message}`)
  return server
}

/** The addresses of an Ingress's hosts: `http://shop.localhost:8080`, with TLS `https://…`. */
export function addressesOf({ spec }: Ingress, port: number): string[] {
  const secured = new Set(spec?.tls?.flatMap(({ hosts = [] }) => hosts) ?? [])
  const hosts = [...new Set((spec?.rules ?? []).map(({ host }) => host ?? 'localhost'))]
  return (hosts.length > 0 ? hosts : ['localhost']).map(
    (host) => `${secured.has(host) ? 'https' : 'http'}://${host}:${port}`,
  )
}
