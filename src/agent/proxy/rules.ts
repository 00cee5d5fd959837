import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { clusterIpsOf } from '#shared/kube/cluster-ips.ts'
import { cidrText, familyOf, ipText, isHostLocal, parseCidr, parseIp, type IpFamily } from '#shared/kube/ip.ts'
import type { HealthCheck } from './health.ts'
import { isProxied, pickTargets, type Candidate, type Target, type Targets } from './endpoints.ts'

export interface RuleInput {
  /** The rules are for addresses of this family, IPv4 when unset. */
  family?: IpFamily
  services: readonly Stored<Service>[]
  /** EndpointSlices of a service. */
  slicesOf(namespace: string, name: string): readonly EndpointSlice[]
  hostPorts: readonly {
    ip: string
    port: { hostIp: string; hostPort: number; containerPort: number; protocol: string }
  }[]
  nodeName: string
  /** Of this node, where it has one: hints of endpoints name zones. */
  zone?: string
  nodeIp: string
  /** Port on this node that leads to the API server: endpoint of the Service `kubernetes`. */
  apiPort: number
  /** Range of all pods: traffic from elsewhere to a service is masqueraded. */
  podCidr: string
  /** Range of cluster IPs. */
  serviceCidr: string
  /** Addresses that this node answers itself (DNS): excluded. */
  localIps: ReadonlySet<string>
}

/**
 * Chains that the built-in ones jump to. `proxy/index.ts` inserts each jump at the top, so the last of a list comes
 * first. Rejections must come before pod traffic is accepted.
 */
export const hooks = {
  nat: [
    ['PREROUTING', 'SLIPWAY-SERVICES'],
    ['OUTPUT', 'SLIPWAY-SERVICES'],
    ['POSTROUTING', 'SLIPWAY-POSTROUTING'],
  ],
  filter: [
    ['FORWARD', 'SLIPWAY-FORWARD'],
    ['INPUT', 'SLIPWAY-REJECT'],
    ['FORWARD', 'SLIPWAY-REJECT'],
    ['OUTPUT', 'SLIPWAY-REJECT'],
  ],
} as const

const mark = '0x4000/0x4000'

/** What differs between `iptables` and `ip6tables`. */
const familyWords = {
  IPv4: { single: '/32', unreachable: 'icmp-port-unreachable', anyHost: '0.0.0.0', onNode: '' },
  // Loopback has no way to other interfaces: a connection to ::1 is never for a pod.
  IPv6: { single: '/128', unreachable: 'icmp6-port-unreachable', anyHost: '::', onNode: '! -d ::1/128 ' },
} as const
const wordsOf = ({ family = 'IPv4' }: RuleInput) => familyWords[family]

/** All our chains with their rules, by table, and the targets of UDP. */
export interface Rules {
  nat: Chains
  filter: Chains
  /** The range of addresses that each chain of a range is for. */
  ranges: Map<string, string>
  /** `conntrack` arguments that match a service's UDP flows -> the endpoints that they go to. */
  udp: Map<string, Set<string>>
  /** By health-check node port. */
  healthChecks: Map<number, HealthCheck>
  /** Addresses of endpoints on this node. */
  here: Set<string>
  /** Fields that are no valid address, port or protocol and were ignored: one line each. */
  ignored: string[]
}
type Chains = Map<string, string[]>

/**
 * Rules that implement Services on this node: cluster IPs, node ports, external IPs, session affinity, traffic
 * policies, host ports. Every field of an object is parsed into an address, a port or a protocol first (`Reader`) and
 * rendered from that, so that no text of a client reaches `iptables-restore`.
 */
export const renderRules = (input: RuleInput): Rules => createRuleRenderer()(input)

/**
 * Renders the rules of one node again and again: a Service whose objects are those of the last time keeps its rules, and
 * its chains are the same arrays, so that a change costs little beside thousands of Services.
 */
export function createRuleRenderer(): (input: RuleInput) => Rules {
  let rendered = new Map<string, RenderedService>()
  return (input) => {
    const out = emptyRules()
    const { single, unreachable, onNode } = wordsOf(input)
    for (const chain of ['SERVICES', 'NODEPORTS', 'HOSTPORTS', 'POSTROUTING', 'MARK'])
      out.nat.set(`SLIPWAY-${chain}`, [])
    for (const chain of ['REJECT', 'FORWARD']) out.filter.set(`SLIPWAY-${chain}`, [])
    add(out.nat, 'SLIPWAY-MARK', `-j MARK --or-mark ${mark.split('/')[0] ?? ''}`)
    add(out.nat, 'SLIPWAY-POSTROUTING', `-m mark --mark ${mark} -j MASQUERADE`)
    add(out.nat, 'SLIPWAY-POSTROUTING', `-s ${input.podCidr} ! -d ${input.podCidr} -j MASQUERADE`)
    const next = new Map<string, RenderedService>()
    for (const service of input.services.filter(isProxied).sort(byName)) {
      const { namespace, name, uid } = service.metadata
      const slices = input.slicesOf(namespace, name)
      const key = `${namespace}/${name}/${uid}`
      const before = rendered.get(key)
      const isSame = before?.service === service && before.zone === input.zone && sameItems(before.slices, slices)
      const own = isSame ? before : { service, slices, zone: input.zone, rules: rulesOf(service, slices, input) }
      next.set(key, own)
      merge(out, own.rules)
    }
    rendered = next
    // A pod that reaches itself through a Service would otherwise receive its own source address.
    for (const ip of [...out.here].sort())
      add(out.nat, 'SLIPWAY-POSTROUTING', `-s ${ip}${single} -d ${ip}${single} -j MASQUERADE`)
    for (const [chain, range] of out.ranges) add(out.nat, 'SLIPWAY-SERVICES', `-d ${range} -j ${chain}`)
    // Last: a service may have one of this node's addresses as an external IP.
    for (const ports of ['HOSTPORTS', 'NODEPORTS'])
      add(out.nat, 'SLIPWAY-SERVICES', `${onNode}-m addrtype --dst-type LOCAL -j SLIPWAY-${ports}`)
    for (const hostPort of input.hostPorts) renderHostPort(hostPort, input, out)
    // What is still for a cluster IP has no Service at that port: nothing beyond the node may answer it.
    add(
      out.filter,
      'SLIPWAY-REJECT',
      `-d ${input.serviceCidr} -m addrtype ! --dst-type LOCAL -j REJECT --reject-with ${unreachable}`,
    )
    add(out.filter, 'SLIPWAY-FORWARD', `-s ${input.podCidr} -j ACCEPT`)
    add(out.filter, 'SLIPWAY-FORWARD', `-d ${input.podCidr} -j ACCEPT`)
    return out
  }
}

/** The rules of one Service, with the objects that they follow from. */
interface RenderedService {
  service: Stored<Service>
  slices: readonly EndpointSlice[]
  zone: string | undefined
  rules: Rules
}

export const emptyRules = (): Rules => ({
  nat: new Map(),
  filter: new Map(),
  ranges: new Map(),
  udp: new Map(),
  healthChecks: new Map(),
  here: new Set(),
  ignored: [],
})

function rulesOf(service: Stored<Service>, slices: readonly EndpointSlice[], input: RuleInput): Rules {
  const out = emptyRules()
  renderService(service, slices, input, out)
  return out
}

/** Rules in chains that Services share are added to these; chains of their own are taken as they are. */
function merge(out: Rules, own: Rules): void {
  for (const table of ['nat', 'filter'] as const)
    for (const [chain, rules] of own[table]) {
      const shared = isShared(chain) ? out[table].get(chain) : undefined
      if (shared) shared.push(...rules)
      else out[table].set(chain, isShared(chain) ? [...rules] : rules)
    }
  for (const [chain, range] of own.ranges) out.ranges.set(chain, range)
  for (const [match, ends] of own.udp) out.udp.set(match, ends)
  for (const [port, check] of own.healthChecks) out.healthChecks.set(port, check)
  for (const ip of own.here) out.here.add(ip)
  out.ignored.push(...own.ignored)
}

const isShared = (chain: string): boolean => chain.startsWith('SLIPWAY-')

/**
 * Addresses of Services are looked up by their range of 256 first: packets pass fewer rules, and a Service that comes or
 * goes changes a short chain.
 */
function rangeChain(ip: string, { ranges }: Rules): string {
  const range = parseCidr(`${ip}/${isIPv6(ip) ? 120 : 24}`)
  const text = range ? cidrText(range) : ''
  // At most 28 characters.
  const chain = `SLIPWAY-RANGE-${isIPv6(ip) ? hashOf([text], 12) : ip.split('.').slice(0, 3).join('-')}`
  ranges.set(chain, text)
  return chain
}

const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((item, index) => item === b[index]))

/**
 * Input for one `iptables-restore --noflush` that changes `previous` to `next`, empty when they are equal. Naming a
 * chain flushes it, so each changed chain is written completely, and the others are not named.
 */
export function restoreInput(next: Rules, previous: Pick<Rules, 'nat' | 'filter'> = noRules): string {
  return restoreTable('nat', next.nat, previous.nat) + restoreTable('filter', next.filter, previous.filter)
}

const noRules: Pick<Rules, 'nat' | 'filter'> = { nat: new Map(), filter: new Map() }

function restoreTable(table: string, next: Chains, previous: Chains): string {
  const changed = [...next].filter(([chain, rules]) => !sameRules(rules, previous.get(chain)))
  const gone = [...previous.keys()].filter((chain) => !next.has(chain))
  if (changed.length === 0 && gone.length === 0) return ''
  return [
    `*${table}`,
    // iptables keeps chains in a sorted list, which it searches from the start: in this order each search is short.
    ...[...changed.map(([chain]) => chain), ...gone]
      .sort()
      .reverse()
      .map((chain) => `:${chain} - [0:0]`),
    ...changed.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...gone.map((chain) => `-X ${chain}`),
    'COMMIT\n',
  ].join('\n')
}

const sameRules = (a: readonly string[], b: readonly string[] | undefined): boolean =>
  b !== undefined && sameItems(a, b)

/**
 * UDP flows keep their conntrack entry while packets arrive. Returns arguments for `conntrack --delete` for each flow
 * whose endpoint is gone, and for those of a service that had no endpoint before.
 */
export function stalePaths(next: Rules['udp'], previous: Rules['udp']): string[][] {
  const stale: string[][] = []
  for (const [match, ends] of previous) {
    const now = next.get(match)
    for (const end of ends) if (!now?.has(end)) stale.push([...match.split(' '), '--dst-nat', end])
  }
  for (const [match, ends] of next) if (ends.size > 0 && !previous.get(match)?.size) stale.push(match.split(' '))
  return stale
}

function add(chains: Chains, chain: string, rule: string): void {
  const rules = chains.get(chain)
  if (rules) rules.push(rule)
  else chains.set(chain, [rule])
}

/** Parses the fields of one object, and records those that a rule cannot use. */
class Reader {
  readonly #about: string
  readonly #ignored: string[]
  readonly #family: IpFamily

  constructor(about: string, { ignored }: Rules, { family = 'IPv4' }: RuleInput) {
    this.#about = about
    this.#ignored = ignored
    this.#family = family
  }

  /** The canonical text of an address of the family that other machines may have; undefined for everything else. */
  address(text: string, field: string): string | undefined {
    const address = parseIp(text)
    // One of the other family is valid, and for other rules.
    if (address && familyOf(address) !== this.#family) return undefined
    if (address && !isHostLocal(address)) return ipText(address)
    this.#ignore(field, text)
    return undefined
  }

  addresses(texts: readonly string[], field: string): string[] {
    return texts.flatMap((text) => this.address(text, field) ?? [])
  }

  port(value: unknown, field: string): number | undefined {
    if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535) return Number(value)
    this.#ignore(field, value)
    return undefined
  }

  protocol(value: unknown, field: string): Protocol | undefined {
    const protocol = protocols.get(value ?? 'TCP')
    if (!protocol) this.#ignore(field, value)
    return protocol
  }

  #ignore(field: string, value: unknown): void {
    this.#ignored.push(`${this.#about}: ${field} ${JSON.stringify(value).slice(0, 100)}`)
  }
}

type Protocol = 'tcp' | 'udp' | 'sctp'
const protocols: ReadonlyMap<unknown, Protocol> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
])

function renderHostPort({ ip, port }: RuleInput['hostPorts'][number], input: RuleInput, out: Rules): void {
  const read = new Reader(`host port of the pod with ${ip}`, out, input)
  const { single, anyHost } = wordsOf(input)
  const podIp = read.address(ip, 'address')
  const hostPort = read.port(port.hostPort, 'hostPort')
  const containerPort = read.port(port.containerPort, 'containerPort')
  const protocol = read.protocol(port.protocol, 'protocol')
  const isBound = port.hostIp !== '' && port.hostIp !== anyHost
  const hostIp = isBound ? hostAddress(port.hostIp, input, read) : undefined
  if (!podIp || !hostPort || !containerPort || !protocol || (isBound && !hostIp)) return
  const match = `${hostIp ? `-d ${hostIp}${single} ` : ''}-p ${protocol} --dport ${hostPort}`
  // A pod that connects to itself through its node's address would otherwise receive its own source address.
  add(out.nat, 'SLIPWAY-HOSTPORTS', `-s ${podIp}${single} ${match} -j SLIPWAY-MARK`)
  add(out.nat, 'SLIPWAY-HOSTPORTS', `${match} -j DNAT --to-destination ${socketOf(podIp, containerPort)}`)
}

const socketOf = (ip: string, port: number): string => (isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`)

/** A host port may be bound to the node's loopback of IPv4. */
function hostAddress(text: string, { family = 'IPv4' }: RuleInput, read: Reader): string | undefined {
  const address = parseIp(text)
  const isLoopback = family === 'IPv4' && address?.kind() === 'ipv4' && address.range() === 'loopback'
  return isLoopback ? ipText(address) : read.address(text, 'hostIP')
}

const byName = (a: Stored<Service>, b: Stored<Service>): number => (fullName(a) < fullName(b) ? -1 : 1)
const fullName = ({ metadata }: Stored<Service>): string => `${metadata.namespace}/${metadata.name}`
const hashOf = (parts: readonly (string | number)[], length: number): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, length).toUpperCase()
const chainOf = (kind: string, ...parts: readonly (string | number)[]): string => `SLIP-${kind}-${hashOf(parts, 16)}`

/** One port of a service, parsed. */
interface Port {
  protocol: Protocol
  port: number
  nodePort?: number
  targets: Targets
}

function renderService(service: Stored<Service>, slices: readonly EndpointSlice[], input: RuleInput, out: Rules): void {
  const { spec, status } = service
  const clusterIps = clusterIpsOf(service)
  if (!spec || clusterIps.some((ip) => input.localIps.has(ip))) return
  const read = new Reader(`service ${fullName(service)}`, out, input)
  const [clusterIp] = read.addresses(clusterIps, 'clusterIP')
  if (!clusterIp) return
  const outer = [
    ...read.addresses(spec.externalIPs ?? [], 'externalIPs'),
    ...read.addresses(
      // An address of mode Proxy is served by the load balancer itself, such as 127.0.0.1 of the host.
      (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [ip] : [])),
      'status.loadBalancer.ingress.ip',
    ),
  ].filter((ip) => !input.localIps.has(ip))
  const readyHere = new Set<string>()
  for (const each of spec.ports ?? []) {
    const port = readPort(service, each, slices, input, read)
    if (!port) continue
    for (const ip of port.targets.readyHere) readyHere.add(ip)
    for (const target of [...port.targets.cluster, ...port.targets.local]) if (target.local) out.here.add(target.ip)
    renderClusterIp(service, port, clusterIp, input, out)
    renderOuter(service, port, outer, input, out)
  }
  if (!spec.healthCheckNodePort || spec.externalTrafficPolicy !== 'Local') return
  const checkPort = read.port(spec.healthCheckNodePort, 'healthCheckNodePort')
  const { namespace, name } = service.metadata
  if (checkPort) out.healthChecks.set(checkPort, { namespace, name, localEndpoints: readyHere.size })
}

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number]

function readPort(
  service: Stored<Service>,
  each: ServicePort,
  slices: readonly EndpointSlice[],
  input: RuleInput,
  read: Reader,
): Port | undefined {
  const protocol = read.protocol(each.protocol, 'protocol')
  const port = read.port(each.port, 'port')
  const nodePort = each.nodePort ? read.port(each.nodePort, 'nodePort') : undefined
  if (!protocol || !port) return undefined
  return { protocol, port, ...(nodePort ? { nodePort } : {}), targets: targetsOf(service, each, slices, input, read) }
}

/** `SVC`: endpoints of all nodes; `SVL`: of this node. */
type Policy = 'SVC' | 'SVL'
const targetsFor = ({ targets }: Port, policy: Policy): readonly Target[] =>
  policy === 'SVC' ? targets.cluster : targets.local
const hasTargets = ({ targets: { cluster, local } }: Port): boolean => cluster.length > 0 || local.length > 0
const matchOf = (ip: string, { protocol, port }: Port): string =>
  `-d ${ip}${isIPv6(ip) ? '/128' : '/32'} -p ${protocol} --dport ${port}`

function renderClusterIp(service: Stored<Service>, port: Port, clusterIp: string, input: RuleInput, out: Rules): void {
  const policy = service.spec?.internalTrafficPolicy === 'Local' ? 'SVL' : 'SVC'
  const targets = targetsFor(port, policy)
  const match = matchOf(clusterIp, port)
  if (port.protocol === 'udp') followDatagrams(`--orig-dst ${clusterIp}`, targets, out.udp)
  if (targets.length === 0) {
    add(out.filter, 'SLIPWAY-REJECT', `${match} ${refusal(port)}`)
    return
  }
  const chain = renderBalance(service, port, policy, input, out.nat)
  // Chain SVC does so itself; SVL is also that of clients whose address is kept.
  if (policy === 'SVL') add(out.nat, rangeChain(clusterIp, out), `${match} ! -s ${input.podCidr} -j SLIPWAY-MARK`)
  add(out.nat, rangeChain(clusterIp, out), `${match} -j ${chain}`)
}

/** Node ports and external IPs. */
function renderOuter(
  service: Stored<Service>,
  port: Port,
  addresses: readonly string[],
  input: RuleInput,
  out: Rules,
): void {
  const { nodePort, protocol } = port
  if (!nodePort && addresses.length === 0) return
  const policy = service.spec?.externalTrafficPolicy === 'Local' ? 'SVL' : 'SVC'
  const targets = targetsFor(port, policy)
  const onNode = `-p ${protocol} --dport ${nodePort ?? 0}`
  if (protocol === 'udp') {
    for (const ip of addresses) followDatagrams(`--orig-dst ${ip}`, targets, out.udp)
    if (nodePort) followDatagrams(`--orig-port-dst ${nodePort}`, targets, out.udp)
  }
  if (targets.length === 0) {
    for (const ip of addresses) add(out.filter, 'SLIPWAY-REJECT', `${matchOf(ip, port)} ${refusal(port)}`)
    if (nodePort) add(out.filter, 'SLIPWAY-REJECT', `${onNode} -m addrtype --dst-type LOCAL ${refusal(port)}`)
  }
  if (!hasTargets(port)) return
  const chain = chainOf('EXT', fullName(service), protocol, port.port)
  if (policy === 'SVC') add(out.nat, chain, '-j SLIPWAY-MARK')
  else if (port.targets.cluster.length > 0) {
    // Pods and the node itself are no external clients: the policy does not apply to them.
    const all = renderBalance(service, port, 'SVC', input, out.nat)
    add(out.nat, chain, `-s ${input.podCidr} -j ${all}`)
    add(out.nat, chain, '-m addrtype --src-type LOCAL -j SLIPWAY-MARK')
    add(out.nat, chain, `-m addrtype --src-type LOCAL -j ${all}`)
  }
  if (targets.length > 0) add(out.nat, chain, `-j ${renderBalance(service, port, policy, input, out.nat)}`)
  for (const ip of addresses) add(out.nat, rangeChain(ip, out), `${matchOf(ip, port)} -j ${chain}`)
  if (nodePort) add(out.nat, 'SLIPWAY-NODEPORTS', `${onNode} -j ${chain}`)
}

function followDatagrams(match: string, targets: readonly Target[], udp: Rules['udp']): void {
  const ends = udp.get(match) ?? new Set()
  for (const { ip } of targets) ends.add(ip)
  udp.set(match, ends)
}

/**
 * A Service without endpoints refuses: TCP is reset, which clients see at once; the kernel rate-limits the default ICMP
 * messages. One that has endpoints elsewhere only, and policy Local, drops: a load balancer must not take the refusal of
 * one node for the Service's.
 */
function refusal(port: Port): string {
  if (hasTargets(port)) return '-j DROP'
  return port.protocol === 'tcp' ? '-j REJECT --reject-with tcp-reset' : '-j REJECT'
}

/** Three hours, and the maximum of one day (seconds). */
const defaultAffinity = 10_800
const longestAffinity = 86_400

/** Duration of a service's client affinity in seconds. */
function affinityOf({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinity
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, longestAffinity) : defaultAffinity
}

/**
 * A chain that balances connections evenly over endpoints. With client affinity each endpoint has a chain of its own, which
 * remembers the client; otherwise the kernel would take several times as long for thousands of Services.
 * @returns its name
 */
function renderBalance(
  service: Stored<Service>,
  port: Port,
  policy: Policy,
  { podCidr }: RuleInput,
  nat: Chains,
): string {
  const name = fullName(service)
  const chain = chainOf(policy, name, port.protocol, port.port)
  if (nat.has(chain)) return chain
  const affinity = affinityOf(service)
  // Clients outside the pod range, such as the node itself, are masqueraded: pods could not reply to them directly.
  if (policy === 'SVC') add(nat, chain, `! -s ${podCidr} -j SLIPWAY-MARK`)
  const ends = targetsFor(port, policy).map((target) => {
    const destination = `-j DNAT --to-destination ${socketOf(target.ip, target.port)}`
    if (affinity === undefined) return { go: `-p ${port.protocol} %${destination}` }
    const end = chainOf('SEP', name, port.protocol, port.port, target.ip, target.port)
    if (!nat.has(end)) add(nat, end, `-p ${port.protocol} -m recent --name ${end} --set ${destination}`)
    return { go: `%-j ${end}`, end }
  })
  for (const { end } of ends)
    if (end) add(nat, chain, `-m recent --name ${end} --rcheck --seconds ${affinity ?? 0} --reap -j ${end}`)
  for (const [index, { go }] of ends.entries()) {
    const left = ends.length - index
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : ''
    add(nat, chain, go.replace('%', chance))
  }
  return chain
}

function targetsOf(
  service: Stored<Service>,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  input: RuleInput,
  read: Reader,
): Targets {
  const { namespace, name } = service.metadata
  if (namespace === 'default' && name === 'kubernetes') {
    const own = [{ ip: input.nodeIp, port: input.apiPort, local: true }]
    return { cluster: own, local: own, readyHere: [input.nodeIp] }
  }
  const candidates: Candidate[] = []
  for (const slice of slices) {
    if (slice.addressType !== (input.family ?? 'IPv4') || !isProxied(slice)) continue
    const target = slice.ports?.find(
      (each) => (each.name ?? '') === (port.name ?? '') && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )
    const number = target?.port ? read.port(target.port, 'endpoint port') : undefined
    if (!number) continue
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0] && read.address(endpoint.addresses[0], 'endpoint address')
      if (ip) candidates.push({ ip, port: number, local: endpoint.nodeName === input.nodeName, endpoint })
    }
  }
  return pickTargets(candidates, input)
}
