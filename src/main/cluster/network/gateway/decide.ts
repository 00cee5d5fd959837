import type { ConfigMap, Namespace, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { judgePolicies, servicesOf } from './backend-tls.ts'
import { servedHostnames } from './hostnames.ts'
import { admitsNamespace, type JudgedListener, type ListenerSources } from './listeners.ts'
import { no, yes, type Verdict } from './verdict.ts'
import { judgeGateway, keyOf, type Parent } from './parents.ts'
import { compileRoute, type AnyRoute, type CompiledRoute } from './routes.ts'
import { tableOf, type GatewayTable, type TableListener } from './table.ts'
import {
  gatewayGroup,
  type BackendTlsPolicy,
  type Gateway,
  type GatewayClass,
  type GrpcRoute,
  type HttpRoute,
  type ListenerSet,
  type ParentReference,
  type TlsRoute,
} from './types.ts'

/** Name of the controller in GatewayClasses and in the status of routes, and the class that is made. */
export const controllerName = 'slipway.dev/gateway'
export const ownClassName = 'slipway'

/** All that routing depends on, from the caches. */
export interface GatewayWorld extends ListenerSources {
  classes: readonly Stored<GatewayClass>[]
  gateways: readonly Stored<Gateway>[]
  listenerSets: readonly Stored<ListenerSet>[]
  httpRoutes: readonly Stored<HttpRoute>[]
  grpcRoutes: readonly Stored<GrpcRoute>[]
  tlsRoutes: readonly Stored<TlsRoute>[]
  tlsPolicies: readonly Stored<BackendTlsPolicy>[]
  configMap(key: string): ConfigMap | undefined
  service(key: string): Service | undefined
  namespace(name: string): Namespace | undefined
}

export interface ParentVerdict {
  parentRef: ParentReference
  verdicts: Verdict[]
}

export interface ListenerDecision {
  judged: JudgedListener
  attachedRoutes: number
}

/** What is served, and what each object's status should say. */
export interface GatewayDecision {
  table: GatewayTable
  gateways: {
    gateway: Stored<Gateway>
    verdicts: Verdict[]
    listeners: ListenerDecision[]
    attachedListenerSets: number
  }[]
  listenerSets: { set: Stored<ListenerSet>; verdicts: Verdict[]; listeners: ListenerDecision[] }[]
  routes: { any: AnyRoute; parents: ParentVerdict[] }[]
  /** For the Gateways by whose routes it matters, `namespace/name`. */
  tlsPolicies: { policy: Stored<BackendTlsPolicy>; verdicts: Verdict[]; gateways: string[] }[]
}

/** Decides all of it anew. Pure: the same world gives the same decision. */
export function decide(world: GatewayWorld): GatewayDecision {
  const classes = new Set(
    world.classes.filter(({ spec }) => spec.controllerName === controllerName).map(({ metadata }) => metadata.name),
  )
  const own = world.gateways
    .filter(({ spec, metadata }) => classes.has(spec.gatewayClassName) && !metadata.deletionTimestamp)
    .map((gateway) => judgeGateway(gateway, world))
  const parentsByKey = new Map<string, Parent>(
    own.flatMap(({ parent, sets }) => [
      [`Gateway/${keyOf(parent.gateway)}`, parent] as const,
      ...sets.map((each) => [`ListenerSet/${keyOf(each.set)}`, each.parent] as const),
    ]),
  )
  const served: TableListener[] = []
  const tls = judgePolicies(world.tlsPolicies, world)
  const sources = { ...world, backendTls: tls.of }
  /** Gateways by the Services that their routes use. */
  const users = new Map<string, Set<string>>()
  for (const { parent, sets, clientCertificate } of own) {
    const listeners = [parent, ...sets.map((set) => set.parent)].flatMap(({ judged }) => judged)
    const ports = new Set(listeners.map(({ listener }) => listener.port))
    for (const judged of listeners)
      if (judged.isUsable)
        served.push({
          ...{ gateway: keyOf(parent.gateway), judged, ports, entries: [] },
          ...(clientCertificate ? { clientCertificate } : {}),
        })
  }
  const routes = [
    ...world.httpRoutes.map((route) => ({ kind: 'HTTPRoute', route }) as const),
    ...world.grpcRoutes.map((route) => ({ kind: 'GRPCRoute', route }) as const),
    ...world.tlsRoutes.map((route) => ({ kind: 'TLSRoute', route }) as const),
  ].map((any: AnyRoute) => {
    const compiled = compileRoute(any, sources)
    const parents = (any.route.spec?.parentRefs ?? []).flatMap((parentRef): ParentVerdict[] => {
      const found = parentsByKey.get(parentKey(any.route, parentRef))
      if (!found) return []
      const { accepted, listeners } = attach(any, compiled, parentRef, found, world)
      if (listeners.length > 0)
        for (const service of compiled.services)
          users.set(service, (users.get(service) ?? new Set()).add(keyOf(found.gateway)))
      for (const { judged, hostnames } of listeners) {
        const names = found.attached.get(judged.listener.name) ?? new Set()
        found.attached.set(judged.listener.name, names.add(`${any.kind}/${compiled.key}`))
        served
          .find((one) => one.judged === judged)
          ?.entries.push(...hostnames.map((hostname) => ({ hostname, route: compiled })))
      }
      return [{ parentRef, verdicts: [accepted, compiled.resolved] }]
    })
    return { any, parents }
  })
  return {
    table: tableOf(served),
    gateways: own.map(({ parent, verdicts, sets }) => ({
      gateway: parent.gateway,
      verdicts,
      listeners: listenersOf(parent),
      attachedListenerSets: sets.filter((set) => set.verdicts[0]?.status === 'True').length,
    })),
    listenerSets: own.flatMap(({ sets }) =>
      sets.map(({ set, verdicts, parent }) => ({ set, verdicts, listeners: listenersOf(parent) })),
    ),
    routes,
    tlsPolicies: [...tls.verdicts].map(([policy, verdicts]) => ({
      policy,
      verdicts,
      gateways: [...new Set(servicesOf(policy).flatMap((service) => [...(users.get(service) ?? [])]))].sort(),
    })),
  }
}

const listenersOf = ({ judged, attached }: Parent): ListenerDecision[] =>
  judged.map((one) => ({ judged: one, attachedRoutes: attached.get(one.listener.name)?.size ?? 0 }))
/** As `Gateway/namespace/name`. */
const parentKey = (
  { metadata }: AnyRoute['route'],
  { group = gatewayGroup, kind = 'Gateway', namespace, name }: ParentReference,
): string => (group === gatewayGroup ? `${kind}/${namespace ?? metadata.namespace}/${name}` : '')

interface Attachment {
  accepted: Verdict
  listeners: { judged: JudgedListener; hostnames: string[] }[]
}

/** To which listeners of a parent a route attaches, and why to none. */
function attach(
  { kind, route }: AnyRoute,
  compiled: CompiledRoute,
  { sectionName, port }: ParentReference,
  { kind: parentKind, namespace: own, judged: listeners }: Parent,
  world: GatewayWorld,
): Attachment {
  const refused = (reason: string, message: string): Attachment => ({
    accepted: no('Accepted', reason, message),
    listeners: [],
  })
  if (compiled.invalid !== undefined) return refused('UnsupportedValue', compiled.invalid)
  const meant = listeners.filter(
    ({ listener }) =>
      (sectionName === undefined || listener.name === sectionName) && (port === undefined || listener.port === port),
  )
  if (meant.length === 0) return refused('NoMatchingParent', `the ${parentKind} has no such listener`)
  const allowed = meant.filter(
    (judged) =>
      judged.kinds.includes(kind) &&
      admitsNamespace(
        { from: 'Same', ...judged.listener.allowedRoutes?.namespaces },
        own,
        route.metadata.namespace,
        (name) => world.namespace(name),
      ),
  )
  if (allowed.length === 0)
    return refused('NotAllowedByListeners', `no listener allows ${kind}s of namespace ${route.metadata.namespace}`)
  const hostnames = route.spec?.hostnames?.map((name) => name.toLowerCase())
  const matching = allowed
    .map((judged) => ({ judged, hostnames: servedHostnames(judged.hostname, hostnames) }))
    .filter((one) => one.hostnames.length > 0)
  if (matching.length === 0) return refused('NoMatchingListenerHostname', 'no listener has a hostname of the route')
  return { accepted: yes('Accepted', 'Accepted', 'The route is accepted'), listeners: matching }
}
