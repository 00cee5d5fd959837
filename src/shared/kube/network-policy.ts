import type { Container, LabelSelector, NetworkPolicy, NetworkPolicyPeer, Pod } from './generated/types.ts'
import type { Stored } from './object.ts'
import { selects, type Labels } from './selectors.ts'

/** Pods that a peer of a policy selects, with their addresses. The control plane finds them; nodes ask for them. */
export interface PeerGroup {
  /** The same for peers that select the same pods. */
  key: string
  /** The policy's own namespace, where the peer has no `namespaceSelector`. */
  namespace?: string
  namespaceSelector?: LabelSelector
  podSelector: LabelSelector
}

/** One pod of a group: its address, and the ports whose names egress rules use. */
export type PeerMember = [ip: string, ports?: NamedPort[]]
export type NamedPort = [name: string, protocol: string, port: number]

/** Path of the page on which a node asks for the members of peer groups. */
export const policyPeersPath = '/slipway/policy-peers'

/** Answer of that page: groups that have changed since `version`, and the keys of all groups. */
export interface PolicyPeers {
  /** Differs for each start of the control plane: versions count from there. */
  epoch: string
  version: number
  keys: string[]
  changed: Record<string, PeerMember[]>
}

/** The group of a peer; undefined for an `ipBlock`. */
export function peerGroupOf(namespace: string, peer: NetworkPolicyPeer): PeerGroup | undefined {
  if (peer.ipBlock) return undefined
  const { namespaceSelector, podSelector = {} } = peer
  const key = JSON.stringify([namespaceSelector ?? namespace, podSelector])
  return { key, podSelector, ...(namespaceSelector ? { namespaceSelector } : { namespace }) }
}

/** Every pod of the cluster: where an egress rule without peers names a port, or one with an `ipBlock`. */
export const allPods: PeerGroup = { key: '[{},{}]', namespaceSelector: {}, podSelector: {} }

export function isInGroup(
  { namespace, namespaceSelector, podSelector }: Omit<PeerGroup, 'key'>,
  pod: { namespace: string; namespaceLabels: Labels | undefined; labels: Labels | undefined },
): boolean {
  if (namespaceSelector ? !selects(namespaceSelector, pod.namespaceLabels) : pod.namespace !== namespace) return false
  return selects(podSelector, pod.labels)
}

/** All groups that policies use, by key, and the names of ports that their egress rules use. */
export function groupsOf(policies: readonly Stored<NetworkPolicy>[]): {
  groups: Map<string, PeerGroup>
  portNames: Set<string>
} {
  const groups = new Map<string, PeerGroup>()
  const portNames = new Set<string>()
  for (const { metadata, spec } of policies) {
    const addPeers = (peers: readonly NetworkPolicyPeer[]): void => {
      for (const peer of peers) {
        const group = peerGroupOf(metadata.namespace, peer)
        if (group) groups.set(group.key, group)
      }
    }
    for (const { from } of spec?.ingress ?? []) addPeers(from ?? [])
    for (const { to = [], ports } of spec?.egress ?? []) {
      addPeers(to)
      for (const { port } of ports ?? []) {
        if (typeof port !== 'string') continue
        portNames.add(port)
        if (to.length === 0 || to.some(({ ipBlock }) => ipBlock)) groups.set(allPods.key, allPods)
      }
    }
  }
  return { groups, portNames }
}

/**
 * The directions that a policy restricts. Without `policyTypes`, it restricts ingress, and egress when it has an egress
 * rule (API reference of NetworkPolicySpec).
 */
export function directionsOf({ spec }: NetworkPolicy): { ingress: boolean; egress: boolean } {
  const types = spec?.policyTypes
  if (!types || types.length === 0) return { ingress: true, egress: (spec?.egress ?? []).length > 0 }
  return { ingress: types.includes('Ingress'), egress: types.includes('Egress') }
}

/** Ports of a pod's containers that have a name; sidecars are containers, too. */
export function namedPortsOf({ spec }: Pod): NamedPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...sidecars, ...(spec?.containers ?? [])].flatMap(({ ports }: Container) =>
    (ports ?? []).flatMap(({ name, protocol, containerPort }): NamedPort[] =>
      name ? [[name, protocol ?? 'TCP', containerPort]] : [],
    ),
  )
}
