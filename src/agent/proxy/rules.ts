import { createHash } from 'node:crypto'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'

export interface RuleInput {
  services: readonly Service[]
  /** Slices of a service. */
  slicesOf(namespace: string, name: string): readonly EndpointSlice[]
  hostPorts: readonly {
    ip: string
    port: { hostIp: string; hostPort: number; containerPort: number; protocol: string }
  }[]
  nodeName: string
  nodeIp: string
  /** Where this node's own way to the API server listens: behind the Service `kubernetes`. */
  apiPort: number
  /** Range of all pods: what comes from elsewhere is masqueraded on its way to a service. */
  podCidr: string
  /** Addresses that this node answers itself (DNS): left out. */
  localIps: ReadonlySet<string>
}

/**
 * Chains that the built-in ones lead to; `proxy/index.ts` hooks them in once, each before what is there: the last of a
 * chain comes first. What is refused must be so before the traffic of pods is let through.
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

/** Every chain of ours with its rules, by table, and where datagrams go. */
export interface Rules {
  nat: Chains
  filter: Chains
  /** What tells the datagrams of a service apart for `conntrack` -> addresses that they are sent on to. */
  udp: Map<string, Set<string>>
}
type Chains = Map<string, string[]>

/**
 * Rules that make Services work on this node: cluster addresses, node ports, external addresses, session affinity,
 * traffic policies, host ports.
 */
export function renderRules(input: RuleInput): Rules {
  const out: Rules = { nat: new Map(), filter: new Map(), udp: new Map() }
  for (const chain of ['SERVICES', 'NODEPORTS', 'HOSTPORTS', 'POSTROUTING', 'MARK']) out.nat.set(`SLIPWAY-${chain}`, [])
  for (const chain of ['REJECT', 'FORWARD']) out.filter.set(`SLIPWAY-${chain}`, [])
  add(out.nat, 'SLIPWAY-MARK', `-j MARK --or-mark ${mark.split('/')[0] ?? ''}`)
  add(out.nat, 'SLIPWAY-POSTROUTING', `-m mark --mark ${mark} -j MASQUERADE`)
  add(out.nat, 'SLIPWAY-POSTROUTING', `-s ${input.podCidr} ! -d ${input.podCidr} -j MASQUERADE`)
  for (const service of [...input.services].sort(byName)) renderService(service, input, out)
  // Last: a service may have one of this node's addresses as an external one.
  for (const ports of ['HOSTPORTS', 'NODEPORTS'])
    add(out.nat, 'SLIPWAY-SERVICES', `-m addrtype --dst-type LOCAL -j SLIPWAY-${ports}`)
  for (const hostPort of input.hostPorts) renderHostPort(hostPort, out.nat)
  add(out.filter, 'SLIPWAY-FORWARD', `-s ${input.podCidr} -j ACCEPT`)
  add(out.filter, 'SLIPWAY-FORWARD', `-d ${input.podCidr} -j ACCEPT`)
  return out
}

/**
 * Input of one `iptables-restore --noflush` that leads from `previous` to `next`, empty when they are the same. Naming a
 * chain there empties it, so each chain that differs is written whole, and the others are not even named.
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
    ...[...changed.map(([chain]) => chain), ...gone].map((chain) => `:${chain} - [0:0]`),
    ...changed.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...gone.map((chain) => `-X ${chain}`),
    'COMMIT\n',
  ].join('\n')
}

const sameRules = (a: readonly string[], b: readonly string[] | undefined): boolean =>
  a.length === b?.length && a.every((rule, index) => rule === b[index])

/**
 * Datagrams follow the path of the first one for as long as they keep coming: arguments for `conntrack --delete` for
 * each path whose end is gone, and for those that led nowhere before there was an end.
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

function renderHostPort({ ip, port }: RuleInput['hostPorts'][number], nat: Chains): void {
  const { hostIp, hostPort, containerPort } = port
  const address = hostIp && hostIp !== '0.0.0.0' ? `-d ${hostIp}/32 ` : ''
  const match = `${address}-p ${port.protocol.toLowerCase()} --dport ${hostPort}`
  // A pod that reaches itself by its node's address would otherwise answer to itself.
  add(nat, 'SLIPWAY-HOSTPORTS', `-s ${ip}/32 ${match} -j SLIPWAY-MARK`)
  add(nat, 'SLIPWAY-HOSTPORTS', `${match} -j DNAT --to-destination ${ip}:${containerPort}`)
}

const byName = (a: Service, b: Service): number => fullName(a).localeCompare(fullName(b))
const fullName = ({ metadata }: Service): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`
const chainOf = (kind: string, ...parts: readonly (string | number)[]): string =>
  `SLIP-${kind}-${createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16).toUpperCase()}`

interface Target {
  ip: string
  port: number
  local: boolean
}

function renderService(service: Service, input: RuleInput, out: Rules): void {
  const { spec } = service
  const clusterIp = spec?.clusterIP
  if (!spec || !clusterIp || clusterIp === 'None' || input.localIps.has(clusterIp) || clusterIp.includes(':')) return
  for (const port of spec.ports ?? []) {
    const targets = targetsOf(service, port, input)
    renderClusterIp(service, port, clusterIp, targets, input, out)
    renderOuter(service, port, targets, out)
  }
}

type Port = NonNullable<NonNullable<Service['spec']>['ports']>[number]

const local = (targets: readonly Target[]): readonly Target[] => targets.filter((target) => target.local)
const protocolOf = (port: Port): string => (port.protocol ?? 'TCP').toLowerCase()
const matchOf = (ip: string, port: Port): string => `-d ${ip}/32 -p ${protocolOf(port)} --dport ${port.port}`

function renderClusterIp(
  service: Service,
  port: Port,
  clusterIp: string,
  targets: readonly Target[],
  { podCidr }: RuleInput,
  out: Rules,
): void {
  const inner = service.spec?.internalTrafficPolicy === 'Local' ? local(targets) : targets
  const match = matchOf(clusterIp, port)
  if (protocolOf(port) === 'udp') followDatagrams(`--orig-dst ${clusterIp}`, inner, out.udp)
  if (inner.length === 0) {
    add(out.filter, 'SLIPWAY-REJECT', `${match} ${refusal(port)}`)
    return
  }
  const chain = chainOf('SVC', fullName(service), protocolOf(port), port.port)
  renderBalance(chain, inner, port, affinityOf(service), out.nat)
  // The node's own address is not what a pod could answer to.
  add(out.nat, 'SLIPWAY-SERVICES', `${match} ! -s ${podCidr} -j SLIPWAY-MARK`)
  add(out.nat, 'SLIPWAY-SERVICES', `${match} -j ${chain}`)
}

/** Node port and external addresses. */
function renderOuter(service: Service, port: Port, targets: readonly Target[], out: Rules): void {
  const { spec, status } = service
  const addresses = [
    ...(spec?.externalIPs ?? []),
    ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : [])),
  ]
  const { nodePort } = port
  if (!nodePort && addresses.length === 0) return
  const isLocal = spec?.externalTrafficPolicy === 'Local'
  const outer = isLocal ? local(targets) : targets
  const onNode = `-p ${protocolOf(port)} --dport ${nodePort ?? 0}`
  if (protocolOf(port) === 'udp') {
    for (const ip of addresses) followDatagrams(`--orig-dst ${ip}`, outer, out.udp)
    if (nodePort) followDatagrams(`--orig-port-dst ${nodePort}`, outer, out.udp)
  }
  if (outer.length === 0) {
    for (const ip of addresses) add(out.filter, 'SLIPWAY-REJECT', `${matchOf(ip, port)} ${refusal(port)}`)
    if (nodePort) add(out.filter, 'SLIPWAY-REJECT', `${onNode} -m addrtype --dst-type LOCAL ${refusal(port)}`)
    return
  }
  const chain = chainOf('EXT', fullName(service), protocolOf(port), port.port)
  if (!isLocal) add(out.nat, chain, '-j SLIPWAY-MARK')
  renderBalance(chain, outer, port, affinityOf(service), out.nat)
  for (const ip of addresses) add(out.nat, 'SLIPWAY-SERVICES', `${matchOf(ip, port)} -j ${chain}`)
  if (nodePort) add(out.nat, 'SLIPWAY-NODEPORTS', `${onNode} -j ${chain}`)
}

function followDatagrams(match: string, targets: readonly Target[], udp: Rules['udp']): void {
  const ends = udp.get(match) ?? new Set()
  for (const { ip } of targets) ends.add(ip)
  udp.set(match, ends)
}

/** A reset is felt at once; the kernel spaces out the ICMP messages that it would send by itself. */
const refusal = (port: Port): string => (protocolOf(port) === 'tcp' ? '-j REJECT --reject-with tcp-reset' : '-j REJECT')

/** Seconds for which a client stays with its pod. */
const affinityOf = ({ spec }: Service): number | undefined =>
  spec?.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined

/** One chain that spreads connections evenly over its targets, each of which has a chain of its own. */
function renderBalance(
  chain: string,
  targets: readonly Target[],
  port: Port,
  affinity: number | undefined,
  nat: Chains,
): void {
  const ends = targets.map((target) => ({ ...target, chain: chainOf('SEP', chain, target.ip, target.port) }))
  if (affinity !== undefined)
    for (const end of ends)
      add(nat, chain, `-m recent --name ${end.chain} --rcheck --seconds ${affinity} --reap -j ${end.chain}`)
  for (const [index, end] of ends.entries()) {
    const left = ends.length - index
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : ''
    add(nat, chain, `${chance}-j ${end.chain}`)
  }
  const remember = (end: string): string => (affinity === undefined ? '' : `-m recent --name ${end} --set `)
  for (const { chain: end, ip, port: number } of ends) {
    // A pod that reaches itself through its service would otherwise answer to itself.
    add(nat, end, `-s ${ip}/32 -j SLIPWAY-MARK`)
    add(nat, end, `-p ${protocolOf(port)} ${remember(end)}-j DNAT --to-destination ${ip}:${number}`)
  }
}

function targetsOf(service: Service, port: { name?: string; protocol?: string }, input: RuleInput): Target[] {
  const { namespace = '', name = '' } = service.metadata
  if (namespace === 'default' && name === 'kubernetes') return [{ ip: input.nodeIp, port: input.apiPort, local: true }]
  const ready: Target[] = []
  const terminating: Target[] = []
  for (const slice of input.slicesOf(namespace, name)) {
    if (slice.addressType !== 'IPv4') continue
    const target = slice.ports?.find(
      (each) => (each.name ?? '') === (port.name ?? '') && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )
    if (!target?.port) continue
    for (const { addresses, conditions, nodeName } of slice.endpoints ?? []) {
      const [ip] = addresses
      if (!ip) continue
      const entry = { ip, port: target.port, local: nodeName === input.nodeName }
      if (conditions?.ready !== false) ready.push(entry)
      else if (conditions.serving && conditions.terminating) terminating.push(entry)
    }
  }
  // Where nothing is ready, those that still serve while they end take the traffic (KEP-1669).
  return unique(ready.length > 0 ? ready : terminating)
}

const unique = (targets: readonly Target[]): Target[] =>
  [...new Map(targets.map((target) => [`${target.ip}:${target.port}`, target])).values()].sort((a, b) =>
    a.ip.localeCompare(b.ip),
  )
