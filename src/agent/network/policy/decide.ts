import { createHash } from 'node:crypto'
import { canonicalOf, cidrText, coversCidr, familyOf, parseCidr, type Cidr, type IpFamily } from '#shared/kube/ip.ts'
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#shared/kube/generated/types.ts'
import {
  allPods,
  directionsOf,
  isInGroup,
  peerGroupOf,
  type NamedPort,
  type PeerGroup,
  type PeerMember,
} from '#shared/kube/network-policy.ts'
import type { Stored } from '#shared/kube/object.ts'
import { selects, type Labels } from '#shared/kube/selectors.ts'

export interface PolicyInput {
  /** The rules are for addresses of this family; each policy holds for both. */
  family: IpFamily
  policies: readonly Stored<NetworkPolicy>[]
  /** Pods of this node that have an address of their own. */
  pods: readonly LocalPod[]
  /** Members of peer groups by key, as the control plane tells them. A group that is not known has none yet. */
  members: ReadonlyMap<string, readonly PeerMember[]>
  /** The cluster's DNS runs on each node. Policies see it as the pod that it is elsewhere. */
  dns: { ip: string; namespaceLabels: Labels | undefined }
}

export interface LocalPod {
  uid: string
  namespace: string
  labels: Labels | undefined
  /** At most one of each family. */
  ips: readonly string[]
  ports: readonly NamedPort[]
}

/** Everything in our nftables table, by name. All texts are made of parsed addresses and ports, and of hashes. */
export interface PolicyRules {
  sets: Map<string, AddressSet>
  /** Rules of each chain. */
  chains: Map<string, string[]>
  /** Pod address -> the chain that judges its traffic, for each direction. Other pods are not restricted. */
  egress: Map<string, string>
  ingress: Map<string, string>
}

/** nftables' words for a family of addresses. */
export const nftWords = {
  IPv4: { protocol: 'ip', address: 'ipv4_addr' },
  IPv6: { protocol: 'ip6', address: 'ipv6_addr' },
} as const

type AddressType = (typeof nftWords)[IpFamily]['address']

export interface AddressSet {
  type: AddressType | `${AddressType} . inet_service`
  elements: ReadonlySet<string>
}

type Direction = 'ingress' | 'egress'

/**
 * Rules for the pods of this node that policies select. A pod's chain jumps to the chain of each of its policies, which
 * accepts what one of the policy's rules allows, and drops the rest. Addresses of peers are sets of their own, so that a
 * pod that comes or goes changes one element.
 */
export function decideRules(input: PolicyInput): PolicyRules {
  const out: PolicyRules = { sets: new Map(), chains: new Map(), egress: new Map(), ingress: new Map() }
  const policies = [...input.policies].sort((a, b) => fullName(a).localeCompare(fullName(b)))
  for (const pod of input.pods) {
    const ip = addressOf(pod, input.family)
    if (ip === undefined) continue
    const own = policies.filter(
      ({ metadata, spec }) => metadata.namespace === pod.namespace && selects(spec?.podSelector ?? {}, pod.labels),
    )
    for (const direction of ['ingress', 'egress'] as const) {
      const restricting = own.filter((policy) => directionsOf(policy)[direction])
      if (restricting.length === 0) continue
      const chain = nameOf(`pod-${direction}`, pod.uid)
      const jumps = restricting.map((policy) => `jump ${policyChain(policy, direction, input, out)}`)
      // A pod always reaches itself, also through a Service.
      out.chains.set(chain, [`${fieldOf(direction, input)} ${ip} accept`, ...jumps, 'drop'])
      out[direction].set(ip, chain)
    }
  }
  return out
}

/** The field of a packet that tells the peer. */
const fieldOf = (direction: Direction, { family }: PolicyInput): string =>
  `${nftWords[family].protocol} ${direction === 'ingress' ? 'saddr' : 'daddr'}`

function addressOf({ ips }: LocalPod, family: IpFamily): string | undefined {
  for (const text of ips) {
    const ip = canonicalOf(family, text)
    if (ip !== undefined) return ip
  }
  return undefined
}

const fullName = ({ metadata }: Stored<NetworkPolicy>): string => `${metadata.namespace}/${metadata.name}`
const nameOf = (kind: string, ...parts: readonly string[]): string =>
  `${kind}-${createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16)}`

/** The chain that accepts what a policy allows in a direction; pods share it. */
function policyChain(
  policy: Stored<NetworkPolicy>,
  direction: Direction,
  input: PolicyInput,
  out: PolicyRules,
): string {
  const name = nameOf(direction, fullName(policy))
  if (out.chains.has(name)) return name
  const context = { namespace: policy.metadata.namespace, direction, input, out }
  const rules = direction === 'ingress' ? policy.spec?.ingress : policy.spec?.egress
  out.chains.set(name, unique((rules ?? []).flatMap((rule) => linesOf(rule, context))))
  return name
}

const unique = (lines: readonly string[]): string[] => [...new Set(lines)]

interface RuleContext {
  namespace: string
  direction: Direction
  input: PolicyInput
  out: PolicyRules
}

/** Each peer with each port; no peers are all peers, no ports all ports. */
function linesOf(rule: NetworkPolicyIngressRule & NetworkPolicyEgressRule, context: RuleContext): string[] {
  const peers = (context.direction === 'ingress' ? rule.from : rule.to) ?? []
  const ports = rule.ports ?? []
  const wanted: (NetworkPolicyPeer | undefined)[] = peers.length > 0 ? peers : [undefined]
  return wanted.flatMap((peer) => {
    const from = peerMatch(peer, context)
    if (from === undefined) return []
    const to = ports.length > 0 ? ports.flatMap((port) => portMatch(port, peer, context) ?? []) : ['']
    return to.map((match) => [from, match, 'accept'].filter(Boolean).join(' '))
  })
}

/** @returns undefined for a peer that matches no address here */
function peerMatch(peer: NetworkPolicyPeer | undefined, context: RuleContext): string | undefined {
  if (!peer) return ''
  const field = fieldOf(context.direction, context.input)
  if (peer.ipBlock) return blockMatch(field, context.input.family, peer.ipBlock)
  const group = peerGroupOf(context.namespace, peer)
  return group && `${field} @${groupSet(group, context)}`
}

function blockMatch(field: string, family: IpFamily, { cidr, except = [] }: IPBlock): string | undefined {
  const range = parseCidrOf(family, cidr)
  if (!range) return undefined
  const holes = except.flatMap((text) => parseCidrOf(family, text) ?? [])
  if (holes.some((hole) => coversCidr(hole, range))) return undefined
  return [`${field} ${cidrText(range)}`, ...holes.map((hole) => `${field} != ${cidrText(hole)}`)].join(' ')
}

/** A range of the other family matches no address. */
function parseCidrOf(family: IpFamily, text: string): Cidr | undefined {
  const range = parseCidr(text)
  return range && familyOf(range.base) === family ? range : undefined
}

const protocols: ReadonlyMap<unknown, string> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
])

/** @returns undefined for a port that matches nothing */
function portMatch(
  { port, endPort, protocol: wanted = 'TCP' }: NetworkPolicyPort,
  peer: NetworkPolicyPeer | undefined,
  context: RuleContext,
): string | undefined {
  const protocol = protocols.get(wanted)
  if (!protocol) return undefined
  if (port === undefined) return `meta l4proto ${protocol}`
  if (typeof port === 'string') return namedMatch(port, wanted, protocol, peer, context)
  if (!isPort(port) || (endPort !== undefined && (!isPort(endPort) || endPort < port))) return undefined
  return `${protocol} dport ${endPort === undefined || endPort === port ? port : `${port}-${endPort}`}`
}

const isPort = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 65_535

/**
 * A named port has the number that the pod at the receiving end gives it: for ingress a pod of this node, for egress one
 * of the peers.
 */
function namedMatch(
  name: string,
  wanted: string,
  protocol: string,
  peer: NetworkPolicyPeer | undefined,
  { namespace, direction, input, out }: RuleContext,
): string {
  const group = direction === 'egress' ? ((peer && peerGroupOf(namespace, peer)) ?? allPods) : undefined
  const { protocol: ipProtocol, address } = nftWords[input.family]
  const receivers = group ? membersOf(group, input) : input.pods.flatMap(memberOf)
  const set = nameOf('ports', group?.key ?? 'local', name, protocol)
  const elements = receivers.flatMap(([text, ports = []]) => {
    const ip = canonicalOf(input.family, text)
    return ports.flatMap(([portName, portProtocol, port]) =>
      ip !== undefined && portName === name && portProtocol === wanted && isPort(port) ? [`${ip} . ${port}`] : [],
    )
  })
  out.sets.set(set, { type: `${address} . inet_service`, elements: new Set(elements) })
  return `${ipProtocol} daddr . ${protocol} dport @${set}`
}

const memberOf = ({ ips, ports }: LocalPod): PeerMember[] => ips.map((ip) => [ip, [...ports]])

function groupSet(group: PeerGroup, { input, out }: RuleContext): string {
  const name = nameOf('peers', group.key)
  if (out.sets.has(name)) return name
  const elements = membersOf(group, input).flatMap(([ip]) => canonicalOf(input.family, ip) ?? [])
  out.sets.set(name, { type: nftWords[input.family].address, elements: new Set(elements) })
  return name
}

const dnsPod = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } }
const dnsPorts: NamedPort[] = [
  ['dns', 'UDP', 53],
  ['dns-tcp', 'TCP', 53],
]

function membersOf(group: PeerGroup, { members, dns }: PolicyInput): readonly PeerMember[] {
  const known = members.get(group.key) ?? []
  const withDns = isInGroup(group, { ...dnsPod, namespaceLabels: dns.namespaceLabels })
  return withDns ? [...known, [dns.ip, dnsPorts]] : known
}
