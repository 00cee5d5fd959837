import type { Service } from '#shared/kube/generated/types.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Backend } from '../ingress/routes.ts'
import { servicePortOf } from '../endpoints.ts'
import type { BackendTls } from './backend-tls.ts'
import { isGranted } from './grants.ts'
import { no, yes, type Verdict } from './verdict.ts'
import { compileGrpcMatch, compileHttpMatch, type CompiledMatch } from './matches.ts'
import {
  gatewayGroup,
  type BackendReference,
  type Cors,
  type Filter,
  type GrpcMatch,
  type GrpcRoute,
  type HeaderModifier,
  type HttpMatch,
  type HttpRoute,
  type Redirect,
  type ReferenceGrant,
  type RouteRule,
  type TlsRoute,
} from './types.ts'

export type AnyRoute =
  | { kind: 'HTTPRoute'; route: Stored<HttpRoute> }
  | { kind: 'GRPCRoute'; route: Stored<GrpcRoute> }
  | { kind: 'TLSRoute'; route: Stored<TlsRoute> }

/** A Service's port, and how TLS is spoken to it, where it is. */
export interface RoutedBackend extends Backend {
  tls?: BackendTls
  /** Whether it speaks HTTP/2 without TLS. */
  isHttp2?: boolean
}

/** `appProtocol` of such a port (KEP-3726). */
const http2WithoutTls = 'kubernetes.io/h2c'

/** A back end of a rule with its share. One that cannot be used keeps its share: its requests fail with 500. */
export interface WeightedBackend {
  weight: number
  backend: RoutedBackend | undefined
  actions: Actions
}

/** What filters do. */
export interface Actions {
  request: HeaderModifier[]
  response: HeaderModifier[]
  redirect?: Redirect
  rewrite?: NonNullable<Filter['urlRewrite']>
  mirrors: { backend: RoutedBackend; share: number }[]
  cors?: Cors
  /** A filter that is not known here: requests fail with 500. */
  isBroken: boolean
}

export interface CompiledRule {
  matches: CompiledMatch[]
  actions: Actions
  backends: WeightedBackend[]
  /** ms; undefined for none. */
  timeoutMs: number | undefined
}

/** A route on its own: its rules, and whether its references resolve. */
export interface CompiledRoute {
  /** `namespace/name` */
  key: string
  createdAt: number
  rules: CompiledRule[]
  resolved: Verdict
  /** `namespace/name` of the Services that it uses. */
  services: ReadonlySet<string>
  /** Why the route is not accepted by any parent; undefined where it is sound. */
  invalid?: string
}

export interface RouteSources {
  grants: readonly ReferenceGrant[]
  backendTls(backend: Backend): BackendTls | undefined
  service(key: string): Service | undefined
}

/** Compiles one route. Pure. */
export function compileRoute(any: AnyRoute, sources: RouteSources): CompiledRoute {
  const { metadata } = any.route
  const { namespace } = metadata
  const resolver = createResolver(any.kind, namespace, sources)
  const base = { key: `${namespace}/${metadata.name}`, createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0 }
  try {
    const rules = rulesOf(any).map(({ rule, matches }) => ({
      matches,
      actions: actionsOf(rule.filters, resolver),
      backends: (rule.backendRefs ?? []).map((reference) => ({
        weight: reference.weight ?? 1,
        backend: resolver.backend(reference),
        actions: actionsOf(reference.filters, resolver),
      })),
      timeoutMs: shortest(rule.timeouts?.request, rule.timeouts?.backendRequest),
    }))
    return { ...base, rules, resolved: resolver.verdict(), services: resolver.services }
  } catch (error) {
    return { ...base, rules: [], resolved: resolver.verdict(), services: new Set(), invalid: messageOf(error) }
  }
}

function rulesOf(any: AnyRoute): { rule: RouteRule<unknown>; matches: CompiledMatch[] }[] {
  const compiled = <M>(rules: readonly RouteRule<M>[] | undefined, compile: (match: M) => CompiledMatch, every: M) =>
    (rules ?? []).map((rule) => ({ rule, matches: (rule.matches?.length ? rule.matches : [every]).map(compile) }))
  switch (any.kind) {
    case 'HTTPRoute':
      return compiled<HttpMatch>(any.route.spec?.rules, compileHttpMatch, {})
    case 'GRPCRoute':
      return compiled<GrpcMatch>(any.route.spec?.rules, compileGrpcMatch, {})
    case 'TLSRoute':
      return (any.route.spec?.rules ?? []).map((rule) => ({ rule, matches: [] }))
  }
}

interface Resolver {
  backend(reference: BackendReference): RoutedBackend | undefined
  readonly services: ReadonlySet<string>
  unknownFilter(filter: Filter): void
  verdict(): Verdict
}

/** Finds back ends, and remembers the first that cannot be found. */
function createResolver(kind: string, namespace: string, { grants, service, backendTls }: RouteSources): Resolver {
  const used = new Set<string>()
  let problem: Verdict | undefined
  const refuse = (reason: string, message: string): void => {
    problem ??= no('ResolvedRefs', reason, message)
  }
  return {
    services: used,
    backend({ group = '', kind: to = 'Service', name, namespace: target = namespace, port }) {
      const key = `${target}/${name}`
      const reference = {
        from: { group: gatewayGroup, kind, namespace },
        to: { group, kind: to, namespace: target, name },
      }
      const found = service(key)
      const servicePort = found && port !== undefined ? servicePortOf(found, { number: port }) : undefined
      if (group !== '' || to !== 'Service') refuse('InvalidKind', `${to} ${key} is not a Service`)
      else if (!isGranted(grants, reference))
        refuse('RefNotPermitted', `no ReferenceGrant permits ${kind}s of ${namespace} to use Service ${key}`)
      else if (!found) refuse('BackendNotFound', `Service ${key} does not exist`)
      else if (!servicePort) refuse('BackendNotFound', `Service ${key} has no port ${port ?? ''}`)
      else {
        used.add(key)
        const backend = { namespace: target, service: name, port: { number: servicePort.port } }
        const tls = backendTls(backend)
        const isHttp2 = servicePort.appProtocol === http2WithoutTls
        return { ...backend, ...(tls ? { tls } : {}), ...(isHttp2 && !tls ? { isHttp2 } : {}) }
      }
      return undefined
    },
    unknownFilter: ({ type }) => refuse('InvalidKind', `filter ${type} is not known here`),
    verdict: () => problem ?? yes('ResolvedRefs', 'ResolvedRefs', 'All references are resolved'),
  }
}

function actionsOf(filters: readonly Filter[] | undefined, resolver: Resolver): Actions {
  const actions: Actions = { request: [], response: [], mirrors: [], isBroken: false }
  for (const filter of filters ?? []) {
    const { requestHeaderModifier, responseHeaderModifier, requestMirror, requestRedirect, urlRewrite, cors } = filter
    if (requestHeaderModifier) actions.request.push(requestHeaderModifier)
    else if (responseHeaderModifier) actions.response.push(responseHeaderModifier)
    else if (requestRedirect) actions.redirect = requestRedirect
    else if (urlRewrite) actions.rewrite = urlRewrite
    else if (cors) actions.cors = cors
    else if (requestMirror) {
      const backend = resolver.backend(requestMirror.backendRef)
      const { fraction, percent = 100 } = requestMirror
      const share = fraction ? fraction.numerator / (fraction.denominator ?? 100) : percent / 100
      if (backend) actions.mirrors.push({ backend, share })
    } else {
      resolver.unknownFilter(filter)
      actions.isBroken = true
    }
  }
  return actions
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** A time such as `1m30s`, ms. */
export const durationMs = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|h|m|s)/g)].reduce(
    (sum, [, digits, unit = '']) => sum + Number(digits) * (unitMs[unit] ?? 0),
    0,
  )

/** The shortest of the times; zero means none. */
function shortest(...times: (string | undefined)[]): number | undefined {
  const set = times.flatMap((time) => (time === undefined ? [] : durationMs(time))).filter((ms) => ms > 0)
  return set.length > 0 ? Math.min(...set) : undefined
}
