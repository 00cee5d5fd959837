import type { Namespace, Secret } from '#shared/kube/generated/types.ts'
import { selects } from '#shared/kube/selectors.ts'
import type { Stored } from '#shared/kube/object.ts'
import { clientValidationOf, type ClientValidation, type ValidationSources } from './client-validation.ts'
import { isGranted } from './grants.ts'
import { no, yes, type Verdict } from './verdict.ts'
import { gatewayGroup, type AllowedNamespaces, type Gateway, type Listener } from './types.ts'

/** Which certificate a listener answers with: that of a Secret (`namespace/name`), or one of the cluster's authority. */
export type ListenerCertificate = { secret: string } | 'cluster'

/** A listener with what has become of it. */
export interface JudgedListener {
  listener: Listener
  /** In lower case; '' for any. */
  hostname: string
  /** Kinds of routes that may attach. */
  kinds: string[]
  certificate?: ListenerCertificate
  /** What its clients have to show. */
  clients?: ClientValidation
  /** Whether traffic is served. */
  isUsable: boolean
  verdicts: Verdict[]
}

/** Key of `tls.options` that asks for a certificate of the cluster's authority. */
export const certificateOption = 'slipway.dev/certificate'

const kindsOf: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute'],
}

export interface ListenerSources extends ValidationSources {
  /** Whether the Secret holds a certificate with its key. */
  isCertificate(secret: Stored<Secret>): boolean
}

/** Whose listeners they are: a Gateway's own, or those of a ListenerSet. */
export interface ListenerOwner {
  kind: 'Gateway' | 'ListenerSet'
  namespace: string
  listeners: readonly Listener[]
  /** Whose they are in the end. */
  gateway: Gateway
}

/**
 * Judges listeners, each by itself and beside the others. Pure.
 * @param earlier those of the same Gateway that go before them
 */
export function judgeListeners(
  owner: ListenerOwner,
  sources: ListenerSources,
  earlier: readonly Listener[] = [],
): JudgedListener[] {
  return owner.listeners.map((listener) => {
    const { verdict: refs, certificate } = certificateOf(owner, listener, sources)
    const { verdict: kindVerdict, kinds } = allowedKinds(listener)
    const conflict = conflictOf(listener, earlier, owner.listeners)
    const isSupported = kindsOf[listener.protocol] !== undefined
    const { validation, problem, isInvalid } =
      listener.protocol === 'HTTPS' ? clientValidationOf(owner.gateway, listener.port, sources) : noValidation
    const resolved = kindVerdict ?? (refs.status === 'False' ? refs : (problem ?? refs))
    const accepted = !isSupported
      ? no('Accepted', 'UnsupportedProtocol', `${listener.protocol} is not served: only HTTP, HTTPS and TLS are`)
      : conflict
        ? no('Accepted', 'PortUnavailable', conflict.message)
        : isInvalid
          ? no('Accepted', 'NoValidCACertificate', 'no certificate of an authority of clients can be used')
          : yes('Accepted', 'Accepted', 'The listener is accepted')
    const isUsable = accepted.status === 'True' && refs.status === 'True' && kinds.length > 0
    return {
      listener,
      hostname: (listener.hostname ?? '').toLowerCase(),
      kinds,
      ...(certificate ? { certificate } : {}),
      ...(validation ? { clients: validation } : {}),
      isUsable,
      verdicts: [
        accepted,
        isUsable
          ? yes('Programmed', 'Programmed', 'The listener is served')
          : no('Programmed', 'Invalid', 'The listener is not served'),
        resolved,
        conflict
          ? yes('Conflicted', conflict.reason, conflict.message)
          : no('Conflicted', 'NoConflicts', 'There are no conflicts'),
      ],
    }
  })
}

const noValidation: ReturnType<typeof clientValidationOf> = { isInvalid: false }

/**
 * HTTP and a protocol over TLS cannot be told apart where both are said to be at one port, nor two listeners of one port,
 * protocol and host. Of earlier listeners, which may be those of others, no more is told.
 */
function conflictOf(
  { port, protocol, hostname = '' }: Listener,
  earlier: readonly Listener[],
  own: readonly Listener[],
): { reason: 'ProtocolConflict' | 'HostnameConflict'; message: string } | undefined {
  const family = (of: string): string => (of === 'HTTPS' ? 'TLS' : of)
  const first = [...earlier, ...own].find((one) => one.port === port)
  if (first && family(first.protocol) !== family(protocol)) {
    const by = own.includes(first) ? `listener ${first.name}` : 'a listener before it'
    return { reason: 'ProtocolConflict', message: `port ${port} has protocol ${first.protocol} by ${by}` }
  }
  const same = earlier.some(
    (one) =>
      one.port === port && one.protocol === protocol && (one.hostname ?? '').toLowerCase() === hostname.toLowerCase(),
  )
  return same
    ? { reason: 'HostnameConflict', message: `port ${port} has a listener for ${hostname || 'any host'} before it` }
    : undefined
}

function allowedKinds({ protocol, allowedRoutes }: Listener): { kinds: string[]; verdict?: Verdict } {
  const known = kindsOf[protocol] ?? []
  const wanted = allowedRoutes?.kinds ?? []
  if (wanted.length === 0) return { kinds: [...known] }
  const valid = wanted.filter(({ group = gatewayGroup, kind }) => group === gatewayGroup && known.includes(kind))
  const kinds = [...new Set(valid.map(({ kind }) => kind))]
  if (valid.length === wanted.length) return { kinds }
  return {
    kinds,
    verdict: no('ResolvedRefs', 'InvalidRouteKinds', `Routes at ${protocol} listeners are ${known.join(' or ')}`),
  }
}

function certificateOf(
  { kind: from, namespace: own }: ListenerOwner,
  { protocol, tls }: Listener,
  { grants, secret, isCertificate }: ListenerSources,
): { verdict: Verdict; certificate?: ListenerCertificate } {
  const resolved = yes('ResolvedRefs', 'ResolvedRefs', 'All references are resolved')
  if (protocol !== 'HTTPS' && protocol !== 'TLS') return { verdict: resolved }
  if (tls?.mode === 'Passthrough') return { verdict: resolved }
  const refs = tls?.certificateRefs ?? []
  if (refs.length === 0)
    return tls?.options?.[certificateOption] === 'cluster'
      ? { verdict: resolved, certificate: 'cluster' }
      : {
          verdict: no(
            'ResolvedRefs',
            'InvalidCertificateRef',
            `certificateRefs is empty; the option ${certificateOption}: cluster asks for a certificate of the cluster`,
          ),
        }
  for (const { group = '', kind = 'Secret', name, namespace = own } of refs) {
    const key = `${namespace}/${name}`
    if (group !== '' || kind !== 'Secret')
      return { verdict: no('ResolvedRefs', 'InvalidCertificateRef', `${kind} ${key} is not a Secret`) }
    const reference = {
      from: { group: gatewayGroup, kind: from, namespace: own },
      to: { group: '', kind: 'Secret', namespace, name },
    }
    if (!isGranted(grants, reference))
      return { verdict: no('ResolvedRefs', 'RefNotPermitted', `no ReferenceGrant permits Secret ${key}`) }
    const found = secret(key)
    if (!found) return { verdict: no('ResolvedRefs', 'InvalidCertificateRef', `Secret ${key} does not exist`) }
    if (!isCertificate(found))
      return { verdict: no('ResolvedRefs', 'InvalidCertificateRef', `Secret ${key} has no valid tls.crt and tls.key`) }
  }
  const [first] = refs
  return first
    ? { verdict: resolved, certificate: { secret: `${first.namespace ?? own}/${first.name}` } }
    : { verdict: resolved }
}

/** Whether what is in namespace `own` admits what is in `namespace`. */
export function admitsNamespace(
  { from, selector }: AllowedNamespaces,
  own: string,
  namespace: string,
  namespaceOf: (name: string) => Namespace | undefined,
): boolean {
  if (from === 'All') return true
  if (from === 'Same') return own === namespace
  if (from === 'None' || !selector) return false
  const found = namespaceOf(namespace)
  return found !== undefined && selects(selector, found.metadata.labels)
}
