import { readFileSync } from 'node:fs'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import { cidrText, coversCidr, familyOf, parseCidr, type Cidr } from '#shared/kube/ip.ts'
import { createAddresses, type Addresses } from './addresses.ts'
import type { Command } from './command.ts'
import type { PolicyEnforcement } from './policy/index.ts'
import { followRoutes, shareOf } from './routes.ts'
import { checkSources } from './source-check.ts'

/** A pod's address, and that of IPv6 in a dual-stack cluster. */
export interface PodAddress {
  ip: string
  ip6?: string
}

export interface PodNetwork {
  attach(pod: { uid: string; namespace: string; name: string; pid: number; hostPorts: HostPort[] }): Promise<PodAddress>
  /** Gives a sandbox that belongs to no pod yet an address and an interface, under an id of its own. */
  prepare(sandbox: { id: string; pid: number }): Promise<void>
  /** What was prepared under an id is the pod's, which is then attached. */
  handOver(id: string, podUid: string): Promise<void>
  detach(podUid: string): Promise<void>
  /** Resolves when the addresses of pods that an earlier agent attached are known. */
  loaded(): Promise<void>
  /** The addresses of a pod, from before its interface is there until after it is gone. */
  addressesOf(podUid: string): string[]
  /** Host ports of pods on this node; the proxy writes them with its rules. */
  hostPorts(): { ip: string; port: HostPort }[]
  onHostPortsChange(listener: () => void): Stop
  stop(): void
}

export interface HostPort {
  hostIp: string
  hostPort: number
  containerPort: number
  protocol: 'TCP' | 'UDP' | 'SCTP'
}

export interface PodNetworkOptions {
  nodeName: string
  /** Range of all pods of the cluster. */
  podCidr: string
  /** The same of IPv6, in a dual-stack cluster. */
  podCidr6?: string | undefined
  /** Nodes, for their pod ranges and addresses. */
  nodes: Informer<Node>
  run: Command
  /** File of the address leases. */
  leases: string
  /** TCP ports of this node that the agent listens on: a host port would take their connections. */
  reservedPorts: ReadonlySet<number>
  /** Rules are in place before a pod has an interface, and go after it. */
  policies: Pick<PolicyEnforcement, 'inPlace' | 'changed'>
  log: Log
}

/** How the names of the pods' interfaces begin. */
const interfaces = 'slip'
/**
 * The gateway of every pod: set on each host-side interface, so that ARP is answered at once (proxy_arp waits up to 0.8
 * s).
 */
const gateway = '169.254.1.1'
/** The same of IPv6; each link has a scope of its own. */
const gateway6 = 'fe80::1'

/**
 * Pods on point-to-point veth pairs: a /32 on either side, a route to each pod on its node, and a route to each other
 * node's range by its address. Every pod reaches every pod without address translation.
 */
export function createPodNetwork({
  nodeName,
  podCidr,
  podCidr6,
  nodes,
  run,
  leases,
  reservedPorts,
  policies,
  log,
}: PodNetworkOptions): PodNetwork {
  let addresses: Promise<Addresses> | undefined
  let pool: Addresses | undefined
  const ports = new Map<string, { ip: string; port: HostPort }[]>()
  const listeners = new Set<() => void>()
  const mtu = outerMtu()
  const wholes = [podCidr, ...(podCidr6 === undefined ? [] : [podCidr6])]
  const routes = wholes.map((whole) => followRoutes({ nodeName, podCidr: whole, nodes, run, log }))

  const ready = (): Promise<Addresses> =>
    (addresses ??= Promise.all([
      checkSources({ interfaces, run, log }),
      ...wholes.map((whole) => podRange(nodes, { nodeName, podCidr: whole })),
    ]).then(([, cidr = '', cidr6]) => (pool = createAddresses({ cidr, cidr6, file: leases }))))
  /** An address with that of the other family. */
  const both = (leased: Addresses, ip: string): PodAddress => {
    const ip6 = leased.secondOf(ip)
    return { ip, ...(ip6 ? { ip6 } : {}) }
  }
  const setPorts = (uid: string, ips: readonly string[], wanted: HostPort[]): void => {
    if (wanted.length === 0 && !ports.has(uid)) return
    if (wanted.length > 0)
      ports.set(
        uid,
        ips.flatMap((ip) => wanted.map((port) => ({ ip, port }))),
      )
    else ports.delete(uid)
    for (const listener of listeners) listener()
  }

  return {
    async attach({ uid, namespace, name, pid, hostPorts }) {
      const taken = hostPorts.find(({ hostPort, protocol }) => protocol === 'TCP' && reservedPorts.has(hostPort))
      if (taken)
        throw new Error(
          `cannot open hostport ${taken.hostPort} for pod ${name}_${namespace}: listen tcp4 :${taken.hostPort}: bind: address already in use`,
        )
      const leased = await ready()
      const address = both(leased, leased.lease(uid))
      await policies.inPlace(namespace)
      if (!isAttached(pid)) await plumb(run, { pid, address, mtu })
      setPorts(uid, textsOf(address), hostPorts)
      return address
    },
    async prepare({ id, pid }) {
      const leased = await ready()
      await plumb(run, { pid, address: both(leased, leased.lease(id)), mtu })
    },
    async handOver(id, uid) {
      ;(await ready()).handOver(id, uid)
    },
    async detach(uid) {
      if (!addresses) return
      const leased = await addresses
      const ip = leased.of(uid)
      if (ip === undefined) return
      // The pair is removed with the pod's network namespace; if a process keeps it open, this removes the pair.
      await run('ip', ['link', 'delete', interfaceOf(ip)]).catch(() => undefined)
      leased.release(uid)
      policies.changed()
      setPorts(uid, [], [])
    },
    loaded: () => ready().then(() => undefined),
    addressesOf(uid) {
      const ip = pool?.of(uid)
      return pool && ip !== undefined ? textsOf(both(pool, ip)) : []
    },
    hostPorts: () => [...ports.values()].flat(),
    onHostPortsChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop() {
      for (const stop of routes) void stop()
    },
  }
}

const textsOf = ({ ip, ip6 }: PodAddress): string[] => [ip, ...(ip6 ? [ip6] : [])]

/** At most 15 characters. By the address, which a sandbox keeps when it becomes a pod's. */
const interfaceOf = (ip: string): string =>
  `${interfaces}${ip
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')}`

/** In one process: starting further ones takes most of the time. */
async function plumb(
  run: Command,
  { pid, address: { ip, ip6 }, mtu }: { pid: number; address: PodAddress; mtu: number },
): Promise<void> {
  const host = interfaceOf(ip)
  const lines = (...texts: string[]): string => (ip6 ? texts.map((text) => `${text}\n`).join('') : '')
  await run(
    'sh',
    ['-e'],
    `[ ! -e /sys/class/net/${host} ] || ip link delete ${host}
ip -batch - <<END
link add ${host} mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${pid}
addr add ${gateway}/32 dev ${host}
${lines(`addr add ${gateway6}/64 dev ${host} nodad`)}link set ${host} up
route replace ${ip}/32 dev ${host}
${lines(`route replace ${ip6}/128 dev ${host}`)}END
${lines(`nsenter -t ${pid} -n sh -c 'echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6'`)}exec nsenter -t ${pid} -n ip -batch - <<END
link set lo up
addr add ${ip}/32 dev eth0
${lines(`addr add ${ip6}/128 dev eth0 nodad`)}link set eth0 up
route add ${gateway} dev eth0
route add default via ${gateway} dev eth0
${lines(`route add ::/0 via ${gateway6} dev eth0`)}END
`,
  )
}

/** True only after a restart of the agent: a new pod's namespace has only lo. */
const isAttached = (pid: number): boolean => /^\s*eth0:/m.test(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))

function outerMtu(): number {
  try {
    return Number(readFileSync('/sys/class/net/eth0/mtu', 'utf8')) || 1500
  } catch {
    return 1500
  }
}

/** This node's pod range of a family, once the control plane has assigned one inside the cluster's. */
async function podRange(
  nodes: Informer<Node>,
  { nodeName, podCidr }: { nodeName: string; podCidr: string },
): Promise<string> {
  const whole = parseCidr(podCidr)
  const rangeOf = (node: Node | undefined): Cidr | undefined => {
    const range = whole && node && parseCidr(shareOf(node, familyOf(whole.base)) ?? '')
    return range && coversCidr(whole, range) ? range : undefined
  }
  await nodes.until(nodeName, (node) => rangeOf(node) !== undefined)
  const range = rangeOf(nodes.get(nodeName))
  if (!range) throw new Error(`node ${nodeName} no longer has a pod range`)
  return cidrText(range)
}
