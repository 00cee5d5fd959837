import type { ConfigMap, Namespace, Secret, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { judgePolicies, servicesOf } from './backend-tls.ts'
import { servedHostnames } from './hostnames.ts'
import { admitsNamespace, judgeListeners, no, yes, type JudgedListener, type Verdict } from './listeners.ts'
import { compileRoute, type AnyRoute, type CompiledRoute } from './routes.ts'
import { tableOf, type GatewayTable, type TableListener } from './table.ts'
import {
  gatewayGroup,
  type BackendTlsPolicy,
  type Gateway,
  type GatewayClass,
  type GrpcRoute,
  type HttpRoute,
  type ParentReference,
  type ReferenceGrant,
  type TlsRoute,
} from './types.ts'

/** Name of the controller in GatewayClasses and in the status of routes, and the class that is made. */
export const controllerName = 'slipway.dev/gateway'
export const ownClassName = 'slipway'

/** All that routing depends on, from the caches. */
export interface GatewayWorld {
  classes: readonly Stored<GatewayClass>[]
  gateways: readonly Stored<Gateway>[]
  httpRoutes: readonly Stored<HttpRoute>[]
  grpcRoutes: readonly Stored<GrpcRoute>[]
  tlsRoutes: readonly Stored<TlsRoute>[]
  grants: readonly ReferenceGrant[]
  tlsPolicies: readonly Stored<BackendTlsPolicy>[]
  configMap(key: string): ConfigMap | undefined
  service(key: string): Service | undefined
  secret(key: string): Stored<Secret> | undefined
  isCertificate(secret: Stored<Secret>): boolean
  namespace(name: string): Namespace | undefined
}

export interface ParentVerdict {
  parentRef: ParentReference
  verdicts: Verdict[]
}

/** What is served, and what each object's status should say. */
export interface GatewayDecision {
  table: GatewayTable
  gateways: {
    gateway: Stored<Gateway>
    verdicts: Verdict[]
    listeners: { judged: JudgedListener; attachedRoutes: number }[]
  }[]
  routes: { any: AnyRoute; parents: ParentVerdict[] }[]
  /** For the Gateways by whose routes it matters, `namespace/name`. */
  tlsPolicies: { policy: Stored<BackendTlsPolicy>; verdicts: Verdict[]; gateways: string[] }[]
}

/** Decides all of it anew. Pure: the same world gives the same decision. */
export function decide(world: GatewayWorld): GatewayDecision {
  const classes = new Set(
    world.classes.filter(({ spec }) => spec.controllerName === controllerName).map(({ metadata }) => metadata.name),
  )
  const own = new Map(
    world.gateways
      .filter(({ spec, metadata }) => classes.has(spec.gatewayClassName) && !metadata.deletionTimestamp)
      .map((gateway) => [
        `${gateway.metadata.namespace}/${gateway.metadata.name}`,
        { gateway, listeners: judgeListeners(gateway, world), attached: new Map<string, Set<string>>() },
      ]),
  )
  const served: TableListener[] = []
  const tls = judgePolicies(world.tlsPolicies, world)
  const sources = { ...world, backendTls: tls.of }
  /** Gateways by the Services that their routes use. */
  const users = new Map<string, Set<string>>()
  for (const { gateway, listeners } of own.values()) {
    const ports = new Set(listeners.map(({ listener }) => listener.port))
    for (const judged of listeners)
      if (judged.isUsable) served.push({ gateway: keyOf(gateway), judged, ports, entries: [] })
  }
  const routes = [
    ...world.httpRoutes.map((route) => ({ kind: 'HTTPRoute', route }) as const),
    ...world.grpcRoutes.map((route) => ({ kind: 'GRPCRoute', route }) as const),
    ...world.tlsRoutes.map((route) => ({ kind: 'TLSRoute', route }) as const),
  ].map((any: AnyRoute) => {
    const compiled = compileRoute(any, sources)
    const parents = (any.route.spec?.parentRefs ?? []).flatMap((parentRef): ParentVerdict[] => {
      const found = own.get(parentKey(any.route, parentRef))
      if (!found || !isGateway(parentRef)) return []
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
    gateways: [...own.values()].map(({ gateway, listeners, attached }) => ({
      gateway,
      verdicts: gatewayVerdicts(gateway, listeners),
      listeners: listeners.map((judged) => ({ judged, attachedRoutes: attached.get(judged.listener.name)?.size ?? 0 })),
    })),
    routes,
    tlsPolicies: [...tls.verdicts].map(([policy, verdicts]) => ({
      policy,
      verdicts,
      gateways: [...new Set(servicesOf(policy).flatMap((service) => [...(users.get(service) ?? [])]))].sort(),
    })),
  }
}

const keyOf = ({ metadata }: Stored<Gateway>): string => `${metadata.namespace}/${metadata.name}`
const isGateway = ({ group = gatewayGroup, kind = 'Gateway' }: ParentReference): boolean =>
  group === gatewayGroup && kind === 'Gateway'
const parentKey = ({ metadata }: AnyRoute['route'], { namespace, name }: ParentReference): string =>
  `${namespace ?? metadata.namespace}/${name}`

interface Attachment {
  accepted: Verdict
  listeners: { judged: JudgedListener; hostnames: string[] }[]
}

/** To which listeners of a Gateway a route attaches, and why to none. */
function attach(
  { kind, route }: AnyRoute,
  compiled: CompiledRoute,
  { sectionName, port }: ParentReference,
  { gateway, listeners }: { gateway: Stored<Gateway>; listeners: readonly JudgedListener[] },
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
  if (meant.length === 0) return refused('NoMatchingParent', 'the Gateway has no such listener')
  const allowed = meant.filter(
    (judged) =>
      judged.kinds.includes(kind) &&
      admitsNamespace(gateway, judged.listener, route.metadata.namespace, (name) => world.namespace(name)),
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

/** What is served is 127.0.0.1, by that name or by `localhost`. */
const isUsableAddress = ({ type = 'IPAddress', value = '' }: { type?: string; value?: string }): boolean =>
  value === '' || (type === 'IPAddress' && value === '127.0.0.1') || (type === 'Hostname' && value === 'localhost')

function gatewayVerdicts({ spec }: Gateway, listeners: readonly JudgedListener[]): Verdict[] {
  const unknown = (spec.addresses ?? []).find(({ type = 'IPAddress' }) => type !== 'IPAddress' && type !== 'Hostname')
  const unusable = (spec.addresses ?? []).find((one) => !isUsableAddress(one))
  const bad = listeners.filter((judged) => !judged.isUsable).map(({ listener }) => listener.name)
  const accepted = unknown
    ? no('Accepted', 'UnsupportedAddress', `addresses of type ${unknown.type ?? ''} are not supported`)
    : bad.length === 0
      ? yes('Accepted', 'Accepted', 'The Gateway is accepted')
      : bad.length < listeners.length
        ? yes('Accepted', 'ListenersNotValid', `listeners that are not valid: ${bad.join(', ')}`)
        : no('Accepted', 'ListenersNotValid', `no listener is valid: ${bad.join(', ')}`)
  const programmed =
    accepted.status === 'False'
      ? no('Programmed', 'Invalid', 'The Gateway is not accepted')
      : unusable
        ? no(
            'Programmed',
            'AddressNotUsable',
            `${unusable.value ?? ''} cannot be used: Gateways are served at 127.0.0.1`,
          )
        : yes('Programmed', 'Programmed', 'The Gateway is served')
  return [accepted, programmed]
}
