import { ipText, isHostLocal, isInCidr, parseCidr, parseIp, type Address, type Cidr } from '#shared/kube/ip.ts'
import { nodes } from '#shared/kube/resources.ts'
import { badRequest } from '#shared/kube/status.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { NodeConnector } from './node-connector.ts'

/**
 * The connector whose address rule applies to everything that dials into the cluster (pod and service proxies,
 * webhooks, aggregated API servers): only pod addresses and the node's own are allowed, whatever a Pod, EndpointSlice
 * or Node says. A worker's loopback and link-local addresses, its Docker network and the host are unreachable.
 */
export function guardedConnector(options: {
  connector: NodeConnector
  reader: ObjectReader
  /** The cluster's pod range: `10.244.0.0/16`. @throws Error when it is not a CIDR */
  podRanges: readonly string[]
}): NodeConnector {
  const { connector, reader } = options
  const ranges = options.podRanges.map(rangeOf)
  return {
    request: (node, request) => connector.request(node, request),
    async connect(node, authority, transport) {
      const target = parseAuthority(authority)
      if (!target || isHostLocal(target.address)) throw notAllowed()
      const isOfPod = ranges.some((range) => isInCidr(range, target.address))
      if (!isOfPod && !isOwnAddress(reader, node, target.address)) throw notAllowed()
      return connector.connect(node, authorityOf(target), transport)
    },
  }
}

/** Kubernetes' message (proxyutil.ErrAddressNotAllowed). */
const notAllowed = (): Error => badRequest('address not allowed')

function rangeOf(text: string): Cidr {
  const range = parseCidr(text)
  if (!range) throw new Error(`${JSON.stringify(text)} is not a range of addresses`)
  return range
}

interface Target {
  address: Address
  port: number
}

/** Parses `10.244.1.2:80` or `[2001:db8::1]:80`; undefined for host names, other notations and invalid ports. */
function parseAuthority(authority: string): Target | undefined {
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(authority) ?? []
  const address = parseIp(bracketed ?? plain)
  const port = Number(digits)
  return address && port >= 1 && port <= 65_535 ? { address, port } : undefined
}

const authorityOf = ({ address, port }: Target): string =>
  address.kind() === 'ipv6' ? `[${ipText(address)}]:${port}` : `${ipText(address)}:${port}`

/** Pods in the host network have their node's address. An address that a node claims is allowed for that node alone. */
function isOwnAddress(reader: ObjectReader, name: string, address: Address): boolean {
  const node = reader.get(nodes, '', name)
  const text = ipText(address)
  return node?.status?.addresses?.some((own) => own.type === 'InternalIP' && own.address === text) ?? false
}
