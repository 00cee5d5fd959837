import type { Namespace } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  admitsNamespace,
  judgeListeners,
  type JudgedListener,
  type ListenerOwner,
  type ListenerSources,
} from './listeners.ts'
import { clientCertificateOf, type ClientCertificate } from './client-certificate.ts'
import { no, yes, type Verdict } from './verdict.ts'
import { gatewayGroup, type Gateway, type ListenerSet } from './types.ts'

/** What routes attach to: a Gateway's own listeners, or those that a ListenerSet adds to it. */
export interface Parent extends ListenerOwner {
  gateway: Stored<Gateway>
  judged: JudgedListener[]
  /** Routes by the name of the listener. */
  attached: Map<string, Set<string>>
}

export interface JudgedGateway {
  parent: Parent
  /** Shown to back ends that are reached by TLS. */
  clientCertificate?: ClientCertificate
  verdicts: Verdict[]
  sets: { set: Stored<ListenerSet>; parent: Parent; verdicts: Verdict[] }[]
}

export interface ParentSources extends ListenerSources {
  listenerSets: readonly Stored<ListenerSet>[]
  namespace(name: string): Namespace | undefined
}

export const keyOf = ({ metadata }: Stored<Gateway> | Stored<ListenerSet>): string =>
  `${metadata.namespace}/${metadata.name}`

/** Judges a Gateway and the ListenerSets that name it: its own listeners go first, then those of older sets. Pure. */
export function judgeGateway(gateway: Stored<Gateway>, sources: ParentSources): JudgedGateway {
  const owner: ListenerOwner = {
    kind: 'Gateway',
    namespace: gateway.metadata.namespace,
    listeners: gateway.spec.listeners,
    gateway,
  }
  const parent = { ...owner, gateway, judged: judgeListeners(owner, sources), attached: new Map() }
  const { certificate, resolved } = clientCertificateOf(gateway, sources)
  const verdicts = [...gatewayVerdicts(gateway, parent.judged), ...(resolved ? [resolved] : [])]
  const [accepted, programmed] = verdicts
  let earlier = owner.listeners
  const sets = sources.listenerSets
    .filter((set) => !set.metadata.deletionTimestamp && gatewayOf(set) === keyOf(gateway))
    .sort(byAge)
    .map((set) => {
      const own: ListenerOwner = { kind: 'ListenerSet', namespace: set.metadata.namespace, listeners: [], gateway }
      const refused = refusal(gateway, set, accepted, sources)
      if (refused) return { set, parent: { ...own, gateway, judged: [], attached: new Map() }, verdicts: refused }
      const listeners = set.spec.listeners
      const judged = judgeListeners({ ...own, listeners }, sources, earlier)
      earlier = [...earlier, ...judged.filter(({ isUsable }) => isUsable).map(({ listener }) => listener)]
      return {
        set,
        parent: { ...own, listeners, gateway, judged, attached: new Map() },
        verdicts: setVerdicts(judged, programmed),
      }
    })
  return { parent, verdicts, sets, ...(certificate ? { clientCertificate: certificate } : {}) }
}

/** `namespace/name` of the Gateway that a set names; undefined where it names something else. */
function gatewayOf({ metadata, spec: { parentRef } }: Stored<ListenerSet>): string | undefined {
  const { group = gatewayGroup, kind = 'Gateway', namespace = metadata.namespace, name } = parentRef
  return group === gatewayGroup && kind === 'Gateway' ? `${namespace}/${name}` : undefined
}

const byAge = (a: Stored<ListenerSet>, b: Stored<ListenerSet>): number =>
  (Date.parse(a.metadata.creationTimestamp ?? '') || 0) - (Date.parse(b.metadata.creationTimestamp ?? '') || 0) ||
  (keyOf(a) < keyOf(b) ? -1 : 1)

function refusal(
  gateway: Stored<Gateway>,
  { metadata }: Stored<ListenerSet>,
  accepted: Verdict | undefined,
  { namespace }: ParentSources,
): Verdict[] | undefined {
  const { from = 'None', ...rest } = gateway.spec.allowedListeners?.namespaces ?? {}
  const refuse = (reason: string, message: string): Verdict[] => [
    no('Accepted', reason, message),
    no('Programmed', reason, message),
  ]
  if (!admitsNamespace({ from, ...rest }, gateway.metadata.namespace, metadata.namespace, namespace))
    return refuse('NotAllowed', `the Gateway allows no ListenerSets of namespace ${metadata.namespace}`)
  if (accepted?.status === 'False') return refuse('ParentNotAccepted', 'the Gateway is not accepted')
  return undefined
}

/** What is served is 127.0.0.1, by that name or by `localhost`. */
const isUsableAddress = ({ type = 'IPAddress', value = '' }: { type?: string; value?: string }): boolean =>
  value === '' || (type === 'IPAddress' && value === '127.0.0.1') || (type === 'Hostname' && value === 'localhost')

function gatewayVerdicts({ spec }: Gateway, listeners: readonly JudgedListener[]): Verdict[] {
  const unknown = (spec.addresses ?? []).find(({ type = 'IPAddress' }) => type !== 'IPAddress' && type !== 'Hostname')
  const unusable = (spec.addresses ?? []).find((one) => !isUsableAddress(one))
  const accepted = unknown
    ? no('Accepted', 'UnsupportedAddress', `addresses of type ${unknown.type ?? ''} are not supported`)
    : acceptedBy(listeners, 'The Gateway is accepted')
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
  return [accepted, programmed, ...insecureMode(spec)]
}

/** Told as long as clients without a valid certificate are served. */
function insecureMode({ tls }: Gateway['spec']): Verdict[] {
  const all = [tls?.frontend?.default, ...(tls?.frontend?.perPort ?? []).map((one) => one.tls)]
  return all.some((one) => one?.validation?.mode === 'AllowInsecureFallback')
    ? [yes('InsecureFrontendValidationMode', 'ConfigurationChanged', 'Clients without a valid certificate are served')]
    : []
}

function setVerdicts(listeners: readonly JudgedListener[], ofGateway: Verdict | undefined): Verdict[] {
  const accepted = acceptedBy(listeners, 'The ListenerSet is accepted')
  const programmed =
    accepted.status === 'False'
      ? no('Programmed', 'ListenersNotValid', accepted.message)
      : ofGateway?.status === 'False'
        ? no('Programmed', 'ParentNotProgrammed', ofGateway.message)
        : yes('Programmed', 'Programmed', 'The listeners are served')
  return [accepted, programmed]
}

function acceptedBy(listeners: readonly JudgedListener[], message: string): Verdict {
  const bad = listeners.filter((judged) => !judged.isUsable).map(({ listener }) => listener.name)
  if (bad.length === 0) return yes('Accepted', 'Accepted', message)
  return bad.length < listeners.length
    ? yes('Accepted', 'ListenersNotValid', `listeners that are not valid: ${bad.join(', ')}`)
    : no('Accepted', 'ListenersNotValid', `no listener is valid: ${bad.join(', ')}`)
}
