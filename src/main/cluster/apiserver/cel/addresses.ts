import type { Environment } from '@marcbachmann/cel-js'
import { ipText, isInCidr, parseCidr, parseIp, type Address } from '#shared/kube/ip.ts'

/** An IP address as a CEL value. */
class Ip {
  readonly address: Address
  constructor(address: Address) {
    this.address = address
  }
  get version(): 4 | 6 {
    return this.address.kind() === 'ipv4' ? 4 : 6
  }
  toString(): string {
    return ipText(this.address)
  }
}

/** A CIDR; `ip` may have host bits until it is masked. */
class Cidr {
  readonly ip: Ip
  readonly prefix: number
  constructor(ip: Ip, prefix: number) {
    this.ip = ip
    this.prefix = prefix
  }
  contains({ address }: Ip): boolean {
    return isInCidr({ base: this.ip.address, bits: this.prefix }, address)
  }
  toString(): string {
    return `${String(this.ip)}/${this.prefix}`
  }
}

/** Represents the namespace of `ip.isCanonical(text)`. */
class IpNamespace {
  readonly name = 'ip'
}

/** Rejects zones and IPv4-mapped IPv6 addresses, as Kubernetes does. */
function ipOf(text: string): Ip | undefined {
  const address = parseIp(text)
  return address && new Ip(address)
}

function cidrOf(text: string): Cidr | undefined {
  const range = parseCidr(text)
  const ip = ipOf(text.slice(0, text.indexOf('/')))
  return range && ip && new Cidr(ip, range.bits)
}

function masked(range: Cidr): Cidr {
  const network = parseCidr(String(range))
  return network ? new Cidr(new Ip(network.base), range.prefix) : range
}

function ip(text: string): Ip {
  const address = ipOf(text)
  if (!address) throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
  return address
}

function cidr(text: string): Cidr {
  const range = cidrOf(text)
  if (!range) throw new Error(`network address parse error during conversion from string: ${JSON.stringify(text)}`)
  return range
}

const within =
  (...ranges: string[]) =>
  (address: Ip): boolean =>
    ranges.some((range) => cidr(range).contains(address))

const isLoopback = within('127.0.0.0/8', '::1/128')
const isUnspecified = within('0.0.0.0/32', '::/128')
const isMulticast = within('224.0.0.0/4', 'ff00::/8')
const isLinkLocalUnicast = within('169.254.0.0/16', 'fe80::/10')
const isBroadcast = within('255.255.255.255/32')
const isLinkLocalMulticast4 = within('224.0.0.0/24')
const isLinkLocalMulticast = (ip: Ip): boolean => {
  const [first = 0, second = 0] = ip.address.toByteArray()
  return ip.version === 4 ? isLinkLocalMulticast4(ip) : first === 0xff && (second & 0xf) === 2
}
const isGlobalUnicast = (address: Ip): boolean =>
  ![isLoopback, isUnspecified, isMulticast, isLinkLocalUnicast, isBroadcast].some((special) => special(address))

/** Kubernetes' ip and cidr libraries. */
export function registerAddresses(environment: Environment): void {
  environment
    .registerType('net.IP', { ctor: Ip, fields: {} })
    .registerType('net.IPNamespace', { ctor: IpNamespace, fields: {} })
    .registerConstant('ip', 'net.IPNamespace', new IpNamespace())
    .registerFunction('isIP(string): bool', (text: string) => ipOf(text) !== undefined)
    .registerFunction('ip(string): net.IP', ip)
    .registerFunction(
      'net.IPNamespace.isCanonical(string): bool',
      (_: IpNamespace, text: string) => String(ip(text)) === text,
    )
    .registerFunction('net.IP.family(): int', ({ version }: Ip) => BigInt(version))
    .registerFunction('string(net.IP): string', String)
    .registerOperator('net.IP == net.IP', (a: Ip, b: Ip) => String(a) === String(b))
  const questions = { isLoopback, isUnspecified, isLinkLocalUnicast, isLinkLocalMulticast, isGlobalUnicast }
  for (const [name, holds] of Object.entries(questions)) environment.registerFunction(`net.IP.${name}(): bool`, holds)
  registerRanges(environment)
}

function registerRanges(environment: Environment): void {
  const contains = (range: Cidr, other: Cidr): boolean => other.prefix >= range.prefix && range.contains(other.ip)
  environment
    .registerType('net.CIDR', { ctor: Cidr, fields: {} })
    .registerFunction('isCIDR(string): bool', (text: string) => cidrOf(text) !== undefined)
    .registerFunction('cidr(string): net.CIDR', cidr)
    .registerFunction('net.CIDR.containsIP(string): bool', (range: Cidr, text: string) => range.contains(ip(text)))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (range: Cidr, address: Ip) => range.contains(address))
    .registerFunction('net.CIDR.containsCIDR(string): bool', (range: Cidr, text: string) => contains(range, cidr(text)))
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', contains)
    .registerFunction('net.CIDR.prefixLength(): int', ({ prefix }: Cidr) => BigInt(prefix))
    .registerFunction('net.CIDR.ip(): net.IP', (range: Cidr) => range.ip)
    .registerFunction('net.CIDR.masked(): net.CIDR', masked)
    .registerFunction('string(net.CIDR): string', String)
    .registerOperator('net.CIDR == net.CIDR', (a: Cidr, b: Cidr) => String(a) === String(b))
}
