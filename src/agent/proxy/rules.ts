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

/**
 * Input of one `iptables-restore --noflush` that makes Services work on this node: cluster addresses, node ports,
 * external addresses, session affinity, traffic policies, host ports. Naming a chain empties it, so the text is the
 * whole truth each time; `stale` are chains of services that have gone.
 */
export function renderRules(input: RuleInput, stale: Iterable<string> = []): { text: string; chains: Set<string> } {
  const nat: string[] = []
  const reject: string[] = []
  const chains = new Set<string>()
  const nodePorts: string[] = []
  for (const service of [...input.services].sort(byName))
    renderService(service, input, { nat, nodePorts, reject, chains })
  const hostPorts = input.hostPorts.flatMap(renderHostPort)
  const gone = [...stale].filter((chain) => !chains.has(chain))
  const text = [
    '*nat',
    ':SLIPWAY-SERVICES - [0:0]',
    ':SLIPWAY-NODEPORTS - [0:0]',
    ':SLIPWAY-HOSTPORTS - [0:0]',
    ':SLIPWAY-POSTROUTING - [0:0]',
    ':SLIPWAY-MARK - [0:0]',
    ...[...chains, ...gone].map((chain) => `:${chain} - [0:0]`),
    `-A SLIPWAY-MARK -j MARK --or-mark ${mark.split('/')[0] ?? ''}`,
    `-A SLIPWAY-POSTROUTING -m mark --mark ${mark} -j MASQUERADE`,
    `-A SLIPWAY-POSTROUTING -s ${input.podCidr} ! -d ${input.podCidr} -j MASQUERADE`,
    ...nat,
    '-A SLIPWAY-SERVICES -m addrtype --dst-type LOCAL -j SLIPWAY-HOSTPORTS',
    '-A SLIPWAY-SERVICES -m addrtype --dst-type LOCAL -j SLIPWAY-NODEPORTS',
    ...nodePorts,
    ...hostPorts,
    ...gone.map((chain) => `-X ${chain}`),
    'COMMIT',
    '*filter',
    ':SLIPWAY-REJECT - [0:0]',
    ':SLIPWAY-FORWARD - [0:0]',
    ...reject,
    `-A SLIPWAY-FORWARD -s ${input.podCidr} -j ACCEPT`,
    `-A SLIPWAY-FORWARD -d ${input.podCidr} -j ACCEPT`,
    'COMMIT',
    '',
  ].join('\n')
  return { text, chains }
}

function renderHostPort({ ip, port }: RuleInput['hostPorts'][number]): string[] {
  const { hostIp, hostPort, containerPort } = port
  const address = hostIp && hostIp !== '0.0.0.0' ? ` -d ${hostIp}/32` : ''
  const match = `-p ${port.protocol.toLowerCase()} --dport ${hostPort}`
  return [
    // A pod that reaches itself by its node's address would otherwise answer to itself.
    `-A SLIPWAY-HOSTPORTS -s ${ip}/32${address} ${match} -j SLIPWAY-MARK`,
    `-A SLIPWAY-HOSTPORTS${address} ${match} -j DNAT --to-destination ${ip}:${containerPort}`,
  ]
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

function renderService(
  service: Service,
  input: RuleInput,
  out: { nat: string[]; nodePorts: string[]; reject: string[]; chains: Set<string> },
): void {
  const { spec } = service
  const clusterIp = spec?.clusterIP
  if (!spec || !clusterIp || clusterIp === 'None' || input.localIps.has(clusterIp) || clusterIp.includes(':')) return
  const affinity =
    spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined
  for (const port of spec.ports ?? []) {
    const protocol = (port.protocol ?? 'TCP').toLowerCase()
    const id = [fullName(service), protocol, port.port] as const
    const targets = targetsOf(service, port, input)
    const internal = spec.internalTrafficPolicy === 'Local' ? targets.filter(({ local }) => local) : targets
    const match = (ip: string): string => `-d ${ip}/32 -p ${protocol} --dport ${port.port}`
    const external = [
      ...(spec.externalIPs ?? []),
      ...(service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : [])),
    ]
    if (internal.length === 0) out.reject.push(`-A SLIPWAY-REJECT ${match(clusterIp)} ${refusal(protocol)}`)
    else {
      const chain = chainOf('SVC', ...id)
      renderBalance(chain, internal, protocol, affinity, out)
      // The node's own address is not what a pod could answer to.
      out.nat.push(`-A SLIPWAY-SERVICES ${match(clusterIp)} ! -s ${input.podCidr} -j SLIPWAY-MARK`)
      out.nat.push(`-A SLIPWAY-SERVICES ${match(clusterIp)} -j ${chain}`)
    }
    if (!port.nodePort && external.length === 0) continue
    const isLocal = spec.externalTrafficPolicy === 'Local'
    const outer = isLocal ? targets.filter(({ local }) => local) : targets
    const node = `-p ${protocol} -m addrtype --dst-type LOCAL --dport ${port.nodePort ?? 0}`
    if (outer.length === 0) {
      for (const ip of external) out.reject.push(`-A SLIPWAY-REJECT ${match(ip)} ${refusal(protocol)}`)
      if (port.nodePort) out.reject.push(`-A SLIPWAY-REJECT ${node} ${refusal(protocol)}`)
      continue
    }
    const chain = chainOf('EXT', ...id)
    renderBalance(chain, outer, protocol, affinity, out, isLocal ? [] : [`-A ${chain} -j SLIPWAY-MARK`])
    for (const ip of external) out.nat.push(`-A SLIPWAY-SERVICES ${match(ip)} -j ${chain}`)
    if (port.nodePort) out.nodePorts.push(`-A SLIPWAY-NODEPORTS -p ${protocol} --dport ${port.nodePort} -j ${chain}`)
  }
}

/** A reset is felt at once; the kernel spaces out the ICMP messages that it would send by itself. */
const refusal = (protocol: string): string => (protocol === 'tcp' ? '-j REJECT --reject-with tcp-reset' : '-j REJECT')

/** One chain that spreads connections evenly over its targets, each of which has a chain of its own. */
function renderBalance(
  chain: string,
  targets: readonly Target[],
  protocol: string,
  affinity: number | undefined,
  out: { nat: string[]; chains: Set<string> },
  first: readonly string[] = [],
): void {
  out.chains.add(chain)
  out.nat.push(...first)
  const ends = targets.map(({ ip, port }) => chainOf('SEP', chain, ip, port))
  if (affinity !== undefined)
    for (const end of ends)
      out.nat.push(`-A ${chain} -m recent --name ${end} --rcheck --seconds ${affinity} --reap -j ${end}`)
  for (const [index, end] of ends.entries()) {
    const left = ends.length - index
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : ''
    out.nat.push(`-A ${chain}${chance} -j ${end}`)
  }
  for (const [index, { ip, port }] of targets.entries()) {
    const end = ends[index] ?? ''
    out.chains.add(end)
    // A pod that reaches itself through its service would otherwise answer to itself.
    out.nat.push(`-A ${end} -s ${ip}/32 -j SLIPWAY-MARK`)
    const remember = affinity === undefined ? '' : ` -m recent --name ${end} --set`
    out.nat.push(`-A ${end} -p ${protocol}${remember} -j DNAT --to-destination ${ip}:${port}`)
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
