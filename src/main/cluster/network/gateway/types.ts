import type { Condition } from '#shared/kube/generated/types.ts'
import type { KubeObject, NamespacedMeta } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import type { LabelSelectorShape } from '#shared/kube/selectors.ts'

/** The objects of gateway.networking.k8s.io, as far as they are read here. */

export const gatewayGroup = 'gateway.networking.k8s.io'

export interface GatewayClass extends KubeObject {
  spec: { controllerName: string; description?: string; parametersRef?: object }
  status?: { conditions?: Condition[]; supportedFeatures?: { name: string }[] }
}

export interface Gateway extends KubeObject {
  metadata: NamespacedMeta
  spec: {
    gatewayClassName: string
    listeners: Listener[]
    addresses?: { type?: string; value?: string }[]
    /** Whose ListenerSets may add listeners; nobody's when unset. */
    allowedListeners?: { namespaces?: AllowedNamespaces }
    tls?: {
      backend?: { clientCertificateRef?: Reference }
      frontend?: { default: FrontendTls; perPort?: { port: number; tls: FrontendTls }[] }
    }
  }
  status?: {
    addresses?: { type?: string; value: string }[]
    conditions?: Condition[]
    listeners?: ListenerStatus[]
    attachedListenerSets?: number
  }
}

/** What clients of HTTPS listeners have to show. */
export interface FrontendTls {
  validation?: { caCertificateRefs: Reference[]; mode?: 'AllowValidOnly' | 'AllowInsecureFallback' }
}

/** Listeners that another namespace, or another team, adds to a Gateway. */
export interface ListenerSet extends KubeObject {
  metadata: NamespacedMeta
  spec: { parentRef: Reference; listeners: Listener[] }
  status?: { conditions?: Condition[]; listeners?: ListenerStatus[] }
}

export interface AllowedNamespaces {
  from?: 'All' | 'Selector' | 'Same' | 'None'
  selector?: LabelSelectorShape
}

export interface Listener {
  name: string
  hostname?: string
  port: number
  protocol: string
  tls?: {
    mode?: 'Terminate' | 'Passthrough'
    certificateRefs?: Reference[]
    options?: Record<string, string>
  }
  allowedRoutes?: {
    namespaces?: AllowedNamespaces
    kinds?: { group?: string; kind: string }[]
  }
}

export interface ListenerStatus {
  name: string
  supportedKinds: { group: string; kind: string }[]
  attachedRoutes: number
  conditions: Condition[]
}

export interface Reference {
  group?: string
  kind?: string
  name: string
  namespace?: string
}

export interface ParentReference extends Reference {
  sectionName?: string
  port?: number
}

export interface BackendReference extends Reference {
  port?: number
  weight?: number
  filters?: Filter[]
}

export interface HeaderModifier {
  set?: { name: string; value: string }[]
  add?: { name: string; value: string }[]
  remove?: string[]
}

export interface PathModifier {
  type: 'ReplaceFullPath' | 'ReplacePrefixMatch'
  replaceFullPath?: string
  replacePrefixMatch?: string
}

export interface Redirect {
  scheme?: string
  hostname?: string
  path?: PathModifier
  port?: number
  statusCode?: number
}

/** Who may read the answers from pages of other origins. */
export interface Cors {
  allowOrigins?: string[]
  allowCredentials?: boolean
  allowMethods?: string[]
  allowHeaders?: string[]
  exposeHeaders?: string[]
  /** Seconds. */
  maxAge?: number
}

export interface Filter {
  type: string
  requestHeaderModifier?: HeaderModifier
  responseHeaderModifier?: HeaderModifier
  requestMirror?: {
    backendRef: BackendReference
    percent?: number
    fraction?: { numerator: number; denominator?: number }
  }
  requestRedirect?: Redirect
  urlRewrite?: { hostname?: string; path?: PathModifier }
  cors?: Cors
}

export interface NamedMatch {
  type?: 'Exact' | 'RegularExpression'
  name: string
  value: string
}

export interface HttpMatch {
  path?: { type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; value?: string }
  headers?: NamedMatch[]
  queryParams?: NamedMatch[]
  method?: string
}

export interface GrpcMatch {
  method?: { type?: 'Exact' | 'RegularExpression'; service?: string; method?: string }
  headers?: NamedMatch[]
}

export interface RouteRule<Match> {
  matches?: Match[]
  filters?: Filter[]
  backendRefs?: BackendReference[]
  timeouts?: { request?: string; backendRequest?: string }
}

export interface RouteParentStatus {
  parentRef: ParentReference
  controllerName: string
  conditions: Condition[]
}

interface RouteOf<Match> extends KubeObject {
  metadata: NamespacedMeta
  spec?: { parentRefs?: ParentReference[]; hostnames?: string[]; rules?: RouteRule<Match>[] }
  status?: { parents: RouteParentStatus[] }
}
export type HttpRoute = RouteOf<HttpMatch>
export type GrpcRoute = RouteOf<GrpcMatch>
export type TlsRoute = RouteOf<never>

/** A name that a certificate may have. */
export interface SubjectName {
  type: 'Hostname' | 'URI'
  hostname?: string
  uri?: string
}

export interface PolicyAncestorStatus {
  ancestorRef: ParentReference
  controllerName: string
  conditions: Condition[]
}

export interface BackendTlsPolicy extends KubeObject {
  metadata: NamespacedMeta
  spec: {
    targetRefs: (Reference & { sectionName?: string })[]
    validation: {
      hostname: string
      caCertificateRefs?: { group?: string; kind: string; name: string }[]
      wellKnownCACertificates?: 'System'
      subjectAltNames?: SubjectName[]
    }
  }
  status?: { ancestors: PolicyAncestorStatus[] }
}

export interface ReferenceGrant extends KubeObject {
  metadata: NamespacedMeta
  spec?: {
    from: { group: string; kind: string; namespace: string }[]
    to: { group: string; kind: string; name?: string }[]
  }
}

const resource = <T extends KubeObject>(
  kind: string,
  plural: string,
  { version = 'v1', namespaced = true } = {},
): Resource<T> => ({ group: gatewayGroup, version, plural, kind, namespaced })

export const gatewayClasses = resource<GatewayClass>('GatewayClass', 'gatewayclasses', { namespaced: false })
export const gateways = resource<Gateway>('Gateway', 'gateways')
export const listenerSets = resource<ListenerSet>('ListenerSet', 'listenersets')
export const httpRoutes = resource<HttpRoute>('HTTPRoute', 'httproutes')
export const grpcRoutes = resource<GrpcRoute>('GRPCRoute', 'grpcroutes')
export const tlsRoutes = resource<TlsRoute>('TLSRoute', 'tlsroutes')
export const backendTlsPolicies = resource<BackendTlsPolicy>('BackendTLSPolicy', 'backendtlspolicies')
/** In the version that every release since v0.6 serves. */
export const referenceGrants = resource<ReferenceGrant>('ReferenceGrant', 'referencegrants', { version: 'v1beta1' })
