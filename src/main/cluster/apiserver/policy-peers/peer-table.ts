import { isDeepStrictEqual } from 'node:util'
import type { NetworkPolicy, Pod } from '#shared/kube/generated/types.ts'
import { isInCidr, ipText, parseCidr, parseIp } from '#shared/kube/ip.ts'
import { groupsOf, isInGroup, namedPortsOf, type PeerGroup, type PeerMember } from '#shared/kube/network-policy.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Labels } from '#shared/kube/selectors.ts'

export interface PeerTableOptions {
  labelsOfNamespace(name: string): Labels | undefined
  /** Ranges of a node's pods: an address outside them is not one of its pods, whatever a pod's status says. */
  podRangesOf(node: string): readonly string[]
}

interface Group {
  definition: PeerGroup
  /** Of the table, at the last change of the members. */
  version: number
  /** By the uid of the pod: its address of each family. */
  members: Map<string, PeerMember[]>
}

/** The peer groups of all policies with their members; a change of one pod costs one look at each group. */
export class PeerTable {
  readonly #options: PeerTableOptions
  readonly #groups = new Map<string, Group>()
  #portNames = new Set<string>()
  #version = 1

  constructor(options: PeerTableOptions) {
    this.#options = options
  }

  /** Increases with every change. */
  get version(): number {
    return this.#version
  }

  /** Policies or labels of namespaces have changed. */
  rebuild(policies: readonly Stored<NetworkPolicy>[], pods: readonly Stored<Pod>[]): void {
    const { groups, portNames } = groupsOf(policies)
    this.#portNames = portNames
    for (const key of [...this.#groups.keys()]) {
      if (groups.has(key)) continue
      this.#groups.delete(key)
      this.#version++
    }
    for (const [key, definition] of groups) {
      const members = new Map<string, PeerMember[]>()
      for (const pod of pods) {
        const own = this.#membersOf(definition, pod)
        if (own.length > 0) members.set(pod.metadata.uid, own)
      }
      const known = this.#groups.get(key)
      if (known && isDeepStrictEqual(known.members, members)) continue
      this.#groups.set(key, { definition, members, version: ++this.#version })
    }
  }

  /** A pod has been added or changed. */
  put(pod: Stored<Pod>): void {
    for (const group of this.#groups.values()) {
      const own = this.#membersOf(group.definition, pod)
      const { uid } = pod.metadata
      if (isDeepStrictEqual(group.members.get(uid) ?? [], own)) continue
      if (own.length > 0) group.members.set(uid, own)
      else group.members.delete(uid)
      group.version = ++this.#version
    }
  }

  remove(pod: Stored<Pod>): void {
    for (const group of this.#groups.values())
      if (group.members.delete(pod.metadata.uid)) group.version = ++this.#version
  }

  keys(): string[] {
    return [...this.#groups.keys()]
  }

  changedSince(version: number): Record<string, PeerMember[]> {
    const changed = [...this.#groups].filter(([, group]) => group.version > version)
    return Object.fromEntries(changed.map(([key, { members }]) => [key, [...members.values()].flat()]))
  }

  /** A pod of the host network has the addresses of its node, and one that has ended has none. */
  #membersOf(group: PeerGroup, pod: Stored<Pod>): PeerMember[] {
    const { namespace, labels } = pod.metadata
    const { phase } = pod.status ?? {}
    if (pod.spec?.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return []
    const addresses = this.#addressesOf(pod)
    if (addresses.length === 0) return []
    const namespaceLabels = this.#options.labelsOfNamespace(namespace)
    if (!isInGroup(group, { namespace, labels, namespaceLabels })) return []
    const ports = namedPortsOf(pod).filter(([name]) => this.#portNames.has(name))
    return addresses.map((ip) => (ports.length > 0 ? [ip, ports] : [ip]))
  }

  #addressesOf({ spec, status }: Stored<Pod>): string[] {
    const ranges = this.#options.podRangesOf(spec?.nodeName ?? '').flatMap((range) => parseCidr(range) ?? [])
    const texts = status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP ? [status.podIP] : [])
    const addresses = texts.flatMap((text) => parseIp(text) ?? [])
    return addresses.filter((address) => ranges.some((range) => isInCidr(range, address))).map(ipText)
  }
}
