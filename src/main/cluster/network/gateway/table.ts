import type { ClientCertificate } from './client-certificate.ts'
import type { ClientValidation } from './client-validation.ts'
import { covers, specificity } from './hostnames.ts'
import type { JudgedListener, ListenerCertificate } from './listeners.ts'
import { byRank, type CompiledMatch, type MatchedRequest } from './matches.ts'
import type { CompiledRoute, CompiledRule, WeightedBackend } from './routes.ts'

/** A served listener with the routes that are attached to it. */
export interface TableListener {
  /** `namespace/name` */
  gateway: string
  judged: JudgedListener
  /** Ports of all listeners of its Gateway. */
  ports: ReadonlySet<number>
  /** Shown to back ends that are reached by TLS. */
  clientCertificate?: ClientCertificate
  entries: { hostname: string; route: CompiledRoute }[]
}

/** The rule that a request falls to. */
export interface Matched {
  rule: CompiledRule
  match: CompiledMatch
  /** Of the hostname by which it was found: larger ones are nearer to the request's host. */
  specificity: number
  listenerPorts: ReadonlySet<number>
  /** What the listener asks of its clients. */
  clients?: ClientValidation
  /** What its Gateway shows to back ends that are reached by TLS. */
  clientCertificate?: ClientCertificate
}

/** What a TLS connection falls to, before it is opened. */
export type TlsTarget = { backends: readonly WeightedBackend[]; certificate?: ListenerCertificate; specificity: number }

/** All Gateways' routes, arranged for lookup. Hosts are in lower case. */
export interface GatewayTable {
  match(host: string, request: MatchedRequest & { encrypted: boolean }): Matched | undefined
  /** The certificate of a host for HTTPS. */
  certificateFor(host: string): ListenerCertificate | undefined
  /** What clients have to show that ask for a host by HTTPS. */
  clientsOf(host: string): ClientValidation | undefined
  /** The TLSRoute of a server name; undefined where HTTPS is spoken. */
  tlsTarget(serverName: string): TlsTarget | undefined
  /** Names of listeners and routes for which certificates of the cluster may be issued. */
  knowsHost(host: string): boolean
}

interface Candidate {
  hostname: string
  route: CompiledRoute
  rule: CompiledRule
  match: CompiledMatch
}

export function tableOf(listeners: readonly TableListener[]): GatewayTable {
  const compiled = listeners.map((one) => ({ ...one, candidates: candidatesOf(one) }))
  const ofProtocol = (protocol: string) =>
    compiled
      .filter(({ judged }) => judged.listener.protocol === protocol)
      .sort((a, b) => specificity(b.judged.hostname) - specificity(a.judged.hostname))
  const [plain, secure, tls] = [ofProtocol('HTTP'), ofProtocol('HTTPS'), ofProtocol('TLS')]

  /** Of each Gateway's port, the one listener whose hostname is nearest (listener isolation). */
  const nearest = <T extends TableListener>(all: readonly T[], host: string): T[] => {
    const found = new Map<string, T>()
    for (const one of all) {
      const id = `${one.gateway}:${one.judged.listener.port}`
      if (!found.has(id) && covers(one.judged.hostname, host)) found.set(id, one)
    }
    return [...found.values()]
  }

  return {
    match(host, request) {
      let best: { candidate: Candidate; listener: TableListener } | undefined
      for (const { candidates, ...listener } of nearest(request.encrypted ? secure : plain, host)) {
        const candidate = candidates.find((one) => covers(one.hostname, host) && one.match.test(request))
        if (candidate && (!best || byPrecedence(candidate, best.candidate) < 0)) best = { candidate, listener }
      }
      if (!best) return undefined
      const { hostname, rule, match } = best.candidate
      const { ports, judged, clientCertificate } = best.listener
      return {
        ...{ rule, match, specificity: specificity(hostname), listenerPorts: ports },
        ...(judged.clients ? { clients: judged.clients } : {}),
        ...(clientCertificate ? { clientCertificate } : {}),
      }
    },
    certificateFor: (host) => secure.find(({ judged }) => covers(judged.hostname, host))?.judged.certificate,
    clientsOf: (host) => secure.find(({ judged }) => covers(judged.hostname, host))?.judged.clients,
    tlsTarget(serverName) {
      const found = tls
        .filter(({ judged }) => covers(judged.hostname, serverName))
        .flatMap(({ judged, entries }) => entries.map((entry) => ({ ...entry, judged })))
        .filter(({ hostname }) => covers(hostname, serverName))
        .sort((a, b) => specificity(b.hostname) - specificity(a.hostname) || byAge(a.route, b.route))[0]
      const [rule] = found?.route.rules ?? []
      if (!found || !rule) return undefined
      const { certificate } = found.judged
      return {
        backends: rule.backends,
        specificity: specificity(found.hostname),
        ...(certificate ? { certificate } : {}),
      }
    },
    knowsHost: (host) =>
      [...secure, ...tls].some(({ judged, entries }) =>
        [judged.hostname, ...entries.map(({ hostname }) => hostname)].some((name) => name !== '' && covers(name, host)),
      ),
  }
}

function candidatesOf({ entries }: TableListener): Candidate[] {
  return entries
    .flatMap(({ hostname, route }) =>
      route.rules.flatMap((rule) => rule.matches.map((match) => ({ hostname, route, rule, match }))),
    )
    .sort(byPrecedence)
}

/** Nearest hostname, then the match, then the older route, then its name. Sorting is stable: then the first rule. */
const byPrecedence = (a: Candidate, b: Candidate): number =>
  specificity(b.hostname) - specificity(a.hostname) || byRank(a.match, b.match) || byAge(a.route, b.route)

const byAge = (a: CompiledRoute, b: CompiledRoute): number =>
  a.createdAt - b.createdAt || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** Chooses a back end by weight; undefined where there is none, or where all weights are zero. */
export function choose(
  backends: readonly WeightedBackend[],
  random: () => number = Math.random,
): WeightedBackend | undefined {
  let rest = random() * backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends.find(({ weight }) => {
    rest -= weight
    return weight > 0 && rest < 0
  })
}
