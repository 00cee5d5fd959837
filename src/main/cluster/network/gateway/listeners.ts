import type { Namespace, Secret } from '#shared/kube/generated/types.ts'
import { selects } from '#shared/kube/selectors.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isGranted } from './grants.ts'
import { gatewayGroup, type Gateway, type Listener, type ReferenceGrant } from './types.ts'

/** A condition's content; time and generation are added when it is written. */
export interface Verdict {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
}

export const yes = (type: string, reason: string, message = ''): Verdict => ({ type, status: 'True', reason, message })
export const no = (type: string, reason: string, message: string): Verdict => ({
  type,
  status: 'False',
  reason,
  message,
})

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

export interface ListenerSources {
  grants: readonly ReferenceGrant[]
  secret(key: string): Stored<Secret> | undefined
  /** Whether the Secret holds a certificate with its key. */
  isCertificate(secret: Stored<Secret>): boolean
}

/** Judges a Gateway's listeners, each by itself and beside the others. Pure. */
export function judgeListeners(gateway: Gateway, sources: ListenerSources): JudgedListener[] {
  return gateway.spec.listeners.map((listener) => {
    const { verdict: refs, certificate } = certificateOf(gateway, listener, sources)
    const { verdict: kindVerdict, kinds } = allowedKinds(listener)
    const conflict = conflictOf(listener, gateway.spec.listeners)
    const isSupported = kindsOf[listener.protocol] !== undefined
    const resolved = kindVerdict ?? refs
    const accepted = !isSupported
      ? no('Accepted', 'UnsupportedProtocol', `${listener.protocol} is not served: only HTTP, HTTPS and TLS are`)
      : conflict
        ? no('Accepted', 'PortUnavailable', conflict)
        : yes('Accepted', 'Accepted', 'The listener is accepted')
    const isUsable = accepted.status === 'True' && refs.status === 'True' && kinds.length > 0
    return {
      listener,
      hostname: (listener.hostname ?? '').toLowerCase(),
      kinds,
      ...(certificate ? { certificate } : {}),
      isUsable,
      verdicts: [
        accepted,
        isUsable
          ? yes('Programmed', 'Programmed', 'The listener is served')
          : no('Programmed', 'Invalid', 'The listener is not served'),
        resolved,
        conflict
          ? yes('Conflicted', 'ProtocolConflict', conflict)
          : no('Conflicted', 'NoConflicts', 'There are no conflicts'),
      ],
    }
  })
}

/** HTTP and a protocol over TLS cannot be told apart where both are said to be at one port. */
function conflictOf({ port, protocol }: Listener, all: readonly Listener[]): string | undefined {
  const family = (of: string): string => (of === 'HTTPS' ? 'TLS' : of)
  const first = all.find((one) => one.port === port)
  return first && family(first.protocol) !== family(protocol)
    ? `port ${port} has protocol ${first.protocol} by listener ${first.name}`
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
  { metadata }: Gateway,
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
  const own = metadata.namespace ?? 'default'
  for (const { group = '', kind = 'Secret', name, namespace = own } of refs) {
    const key = `${namespace}/${name}`
    if (group !== '' || kind !== 'Secret')
      return { verdict: no('ResolvedRefs', 'InvalidCertificateRef', `${kind} ${key} is not a Secret`) }
    const reference = {
      from: { group: gatewayGroup, kind: 'Gateway', namespace: own },
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

/** Whether a listener admits routes of a namespace. */
export function admitsNamespace(
  gateway: Gateway,
  { allowedRoutes }: Listener,
  namespace: string,
  namespaceOf: (name: string) => Namespace | undefined,
): boolean {
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {}
  if (from === 'All') return true
  if (from === 'Same') return gateway.metadata.namespace === namespace
  if (from === 'None' || !selector) return false
  const found = namespaceOf(namespace)
  return found !== undefined && selects(selector, found.metadata.labels)
}
