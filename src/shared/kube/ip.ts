import ipaddr from 'ipaddr.js'

/**
 * IP addresses and ranges in the form that Kubernetes accepts in new objects: four decimal numbers without leading
 * zeros, or IPv6 without a zone; IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is refused (KEP-4858). Everything written into
 * rules, routes or files is parsed here first.
 */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

const octet = '(0|[1-9]\\d{0,2})'
/** The library's own strict check and parser take five times as long; rules read thousands of addresses. */
const fourOctets = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`)

function parseIPv4(text: string): ipaddr.IPv4 | undefined {
  const match = fourOctets.exec(text)
  if (!match) return undefined
  const octets = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4])]
  return octets.every((value) => value <= 255) ? new ipaddr.IPv4(octets) : undefined
}

/** Undefined when the text is not an address. */
export function parseIp(text: string): Address | undefined {
  const address4 = parseIPv4(text)
  if (address4) return address4
  if (!text.includes(':') || text.includes('%') || text.includes('.')) return undefined
  if (!ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.IPv6.parse(text)
  return address.isIPv4MappedAddress() ? undefined : address
}

/** The canonical text of an address: RFC 5952 for IPv6. */
export const ipText = (address: Address): string =>
  address instanceof ipaddr.IPv4 ? address.toString() : address.toRFC5952String()

/** The canonical text of an address; undefined when the text is not an address. */
export function canonicalIp(text: string): string | undefined {
  const address = parseIp(text)
  return address && ipText(address)
}

/** The canonical text of an IPv4 address; undefined when the text is not an IPv4 address. */
export function canonicalIPv4(text: string | undefined): string | undefined {
  return text !== undefined && parseIPv4(text) ? text : undefined
}

/** A range of addresses. `base` is its first address: `10.0.0.7/8` is the range `10.0.0.0/8`. */
export interface Cidr {
  base: Address
  /** Length of the prefix in bits. */
  bits: number
}

/** Undefined when the text is not a range. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const address = parseIp(text.slice(0, slash))
  const bits = text.slice(slash + 1)
  if (slash < 0 || !address || !/^(?:0|[1-9]\d{0,2})$/.test(bits)) return undefined
  const isIPv4 = address instanceof ipaddr.IPv4
  if (Number(bits) > (isIPv4 ? 32 : 128)) return undefined
  const family = isIPv4 ? ipaddr.IPv4 : ipaddr.IPv6
  return { base: family.networkAddressFromCIDR(`${ipText(address)}/${bits}`), bits: Number(bits) }
}

export const cidrText = ({ base, bits }: Cidr): string => `${ipText(base)}/${bits}`

export const isInCidr = ({ base, bits }: Cidr, address: Address): boolean =>
  base.kind() === address.kind() && address.match(base, bits)

/** Whether `outer` contains all of `inner`. */
export const coversCidr = (outer: Cidr, inner: Cidr): boolean => inner.bits >= outer.bits && isInCidr(outer, inner.base)

export const overlapsCidr = (one: Cidr, other: Cidr): boolean => coversCidr(one, other) || coversCidr(other, one)

/** Offset of an address in a range, exact up to 2^53; undefined outside it. */
export function offsetInCidr(range: Cidr, address: Address): number | undefined {
  if (!isInCidr(range, address)) return undefined
  const base = range.base.toByteArray()
  return address.toByteArray().reduce((sum, byte, at) => sum * 256 + byte - (base[at] ?? 0), 0)
}

/** The address at `offset` of a range, in its canonical text. @param offset below 2^53, or a multiple of a power of 2 */
export function addressInCidr({ base }: Cidr, offset: number): string {
  const bytes = base.toByteArray()
  let left = offset
  for (let at = bytes.length - 1; at >= 0 && left > 0; at--) {
    left += bytes[at] ?? 0
    bytes[at] = left % 256
    left = Math.floor(left / 256)
  }
  return ipText(ipaddr.fromByteArray(bytes))
}

/** Number of addresses in a range. */
export const sizeOfCidr = ({ base, bits }: Cidr): number => 2 ** (widthOf(base) - bits)

/** Bits of an address. */
const widthOf = (address: Address): number => (address.kind() === 'ipv4' ? 32 : 128)

export type IpFamily = 'IPv4' | 'IPv6'

export const familyOf = (address: Address): IpFamily => (address.kind() === 'ipv4' ? 'IPv4' : 'IPv6')

/** The canonical text of an address of one family; undefined when the text is none. */
export function canonicalOf(family: IpFamily, text: string | undefined): string | undefined {
  if (family === 'IPv4') return canonicalIPv4(text)
  const address = text === undefined ? undefined : parseIp(text)
  return address?.kind() === 'ipv6' ? ipText(address) : undefined
}

/** Whether packets to an address never leave the machine or its link: no cluster address is one. */
export function isHostLocal(address: Address): boolean {
  if (!(address instanceof ipaddr.IPv4))
    return ['unspecified', 'loopback', 'linkLocal', 'multicast'].includes(address.range())
  const [first = 0, second] = address.octets
  // Linux treats 0.0.0.0/8 as local; 224.0.0.0 and above are multicast, reserved and broadcast.
  return first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254)
}
