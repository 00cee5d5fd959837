import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass } from '#shared/kube/generated/types.ts'

/** Name of the class whose Ingresses are served here, and of its controller. */
export const ownClassName = 'slipway'
export const ownController = 'slipway.dev/ingress'
export const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class'
const oldAnnotation = 'kubernetes.io/ingress.class'

/** Where a request goes. */
export interface Backend {
  namespace: string
  service: string
  /** By name or number. */
  port: { name?: string; number?: number }
}

/** One path of one host of one Ingress. */
export interface Route {
  /** `namespace/name` of the Ingress. */
  ingress: string
  /** Exact, `*.parent`, or empty for any. */
  host: string
  pathType: 'Exact' | 'Prefix'
  path: string
  backend: Backend
}

/** The routes of one Ingress, its default backend, and the Secrets of its hosts. */
export interface IngressRoutes {
  ingress: string
  /** ms since the epoch; of two Ingresses with the same path, the older one wins. */
  createdAt: number
  routes: Route[]
  defaultBackend: Backend | undefined
  /** `secret` is `namespace/name`. */
  tls: { hosts: string[]; secret: string }[]
}

/** Whether an Ingress is of a class that is served here; one without a class is, while `slipway` is a default class. */
export function isServed({ metadata, spec }: Ingress, classes: readonly IngressClass[]): boolean {
  if (metadata.deletionTimestamp) return false
  const named = spec?.ingressClassName ?? metadata.annotations?.[oldAnnotation]
  const own = classes.filter((one) => one.spec?.controller === ownController)
  if (named !== undefined) return own.some(({ metadata: { name } }) => name === named)
  return own.some((one) => one.metadata.annotations?.[defaultClassAnnotation] === 'true')
}

/** What one Ingress contributes. Backends that are no Services are left out: nothing here knows them. */
export function routesOfIngress({ metadata, spec }: Ingress): IngressRoutes {
  const namespace = metadata.namespace ?? 'default'
  const ingress = `${namespace}/${metadata.name}`
  return {
    ingress,
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    defaultBackend: backendOf(namespace, spec?.defaultBackend),
    routes: (spec?.rules ?? []).flatMap(({ host = '', http }) =>
      (http?.paths ?? []).flatMap((path) => {
        const backend = backendOf(namespace, path.backend)
        return backend ? [{ ingress, host: host.toLowerCase(), ...pathOf(path), backend }] : []
      }),
    ),
    tls: (spec?.tls ?? []).flatMap(({ hosts = [], secretName }) =>
      secretName ? [{ hosts: hosts.map((host) => host.toLowerCase()), secret: `${namespace}/${secretName}` }] : [],
    ),
  }
}

/** ImplementationSpecific is a prefix here, as in most controllers. */
const pathOf = ({ path, pathType }: HTTPIngressPath): Pick<Route, 'path' | 'pathType'> => ({
  path: path || '/',
  pathType: pathType === 'Exact' ? 'Exact' : 'Prefix',
})

function backendOf(namespace: string, backend: IngressBackend | undefined): Backend | undefined {
  const { service } = backend ?? {}
  if (!service) return undefined
  const { name, number } = service.port ?? {}
  return {
    namespace,
    service: service.name,
    port: { ...(name ? { name } : {}), ...(number ? { number } : {}) },
  }
}

/** All routes, arranged for lookup. */
export interface RouteTable {
  /** By host; the paths of each in the order in which they are tried. */
  readonly hosts: ReadonlyMap<string, readonly Route[]>
  readonly defaultBackends: readonly Backend[]
  /** Secret of a host, exact or `*.parent`. */
  readonly secrets: ReadonlyMap<string, string>
}

/** Joins the Ingresses' routes. Pure: the same input in any order gives the same table. */
export function tableOf(all: readonly IngressRoutes[]): RouteTable {
  const ordered = [...all].sort((a, b) => a.createdAt - b.createdAt || (a.ingress < b.ingress ? -1 : 1))
  const hosts = new Map<string, Route[]>()
  const secrets = new Map<string, string>()
  for (const { routes, tls } of ordered) {
    for (const route of routes) hosts.set(route.host, [...(hosts.get(route.host) ?? []), route])
    for (const { hosts: names, secret } of tls)
      for (const name of names) if (!secrets.has(name)) secrets.set(name, secret)
  }
  // Array.prototype.sort is stable: of equal paths, that of the older Ingress stays first.
  for (const routes of hosts.values()) routes.sort(byPrecedence)
  return {
    hosts,
    secrets,
    defaultBackends: ordered.flatMap(({ defaultBackend }) => (defaultBackend ? [defaultBackend] : [])),
  }
}

/** The longest path first; of equal ones, Exact before Prefix (Ingress: «Multiple matches»). */
const byPrecedence = (a: Route, b: Route): number =>
  trimmed(b.path).length - trimmed(a.path).length || Number(b.pathType === 'Exact') - Number(a.pathType === 'Exact')

/**
 * Where a request goes: the rules of its host, then those of `*.parent`, then those without a host, then the default
 * backend of the oldest Ingress that has one.
 * @param host without port, in lower case @param path as sent, without query
 */
export const backendFor = (table: RouteTable, host: string, path: string): Backend | undefined =>
  routeFor(table, host, path)?.backend

/** The same, with the name by which the host was found: exact, `*.parent`, or empty. */
export function routeFor(table: RouteTable, host: string, path: string): Pick<Route, 'host' | 'backend'> | undefined {
  const wanted = normalizedPath(path)
  for (const name of [...hostNames(host), '']) {
    const found = table.hosts.get(name)?.find((route) => matches(route, wanted))
    if (found) return found
  }
  const [backend] = table.defaultBackends
  return backend ? { host: '', backend } : undefined
}

/** The Secret with the certificate of a host: `namespace/name`. */
export const secretFor = (table: RouteTable, host: string): string | undefined =>
  hostNames(host)
    .map((name) => table.secrets.get(name))
    .find((secret) => secret !== undefined)

/** Whether a rule or a certificate names the host, so that a certificate may be issued for it. */
export const knowsHost = (table: RouteTable, host: string): boolean =>
  hostNames(host).some((name) => table.hosts.has(name) || table.secrets.has(name))

/** A host and its wildcard, which stands for exactly one label. */
const hostNames = (host: string): string[] => {
  const dot = host.indexOf('.')
  return dot > 0 ? [host, `*${host.slice(dot)}`] : [host]
}

function matches({ pathType, path }: Route, wanted: string): boolean {
  if (pathType === 'Exact') return wanted === path
  const prefix = trimmed(path)
  // Element by element: /foo is a prefix of /foo and /foo/bar, not of /foobar.
  return prefix === '' || wanted === prefix || wanted.startsWith(`${prefix}/`)
}

const trimmed = (path: string): string => path.replace(/\/+$/, '')

/** Resolves `.` and `..`, encoded ones too, so that a path cannot match one rule and mean another. */
function normalizedPath(path: string): string {
  try {
    return new URL(`http://host${path.startsWith('/') ? path : `/${path}`}`).pathname
  } catch {
    return '/'
  }
}

/** The name in a Host header: without port and final dot, in lower case; undefined where it is no host. */
export function hostOf(header: string | undefined): string | undefined {
  const [, bracketed, name] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]{1,253}))(?::\d{1,5})?$/.exec(header ?? '') ?? []
  return bracketed?.toLowerCase() ?? name?.toLowerCase().replace(/\.$/, '')
}
