import type { Environment } from '@marcbachmann/cel-js'
import { isIP } from 'node:net'

/** An address as CEL value: its bits, and how it is written canonically. */
class Ip {
  readonly version: 4 | 6
  readonly bits: bigint
  constructor(version: 4 | 6, bits: bigint) {
    this.version = version
    this.bits = bits
  }
  toString(): string {
    return this.version === 4 ? textOf4(this.bits) : textOf6(this.bits)
  }
}

/** A range of addresses; `ip` may be any of them until it is masked. */
class Cidr {
  readonly ip: Ip
  readonly prefix: number
  constructor(ip: Ip, prefix: number) {
    this.ip = ip
    this.prefix = prefix
  }
  contains({ version, bits }: Ip): boolean {
    return (
      version === this.ip.version && masked(bits, version, this.prefix) === masked(this.ip.bits, version, this.prefix)
    )
  }
  toString(): string {
    return `${String(this.ip)}/${this.prefix}`
  }
}

/** Stands for the name before the dot of `ip.isCanonical(text)`. */
class IpNamespace {
  readonly name = 'ip'
}

const widthOf = (version: 4 | 6): number => (version === 4 ? 32 : 128)

function masked(bits: bigint, version: 4 | 6, prefix: number): bigint {
  const host = BigInt(widthOf(version) - prefix)
  return (bits >> host) << host
}

const textOf4 = (bits: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.')

function textOf6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  // The longest run of zeros, the first of several, is left out: RFC 5952.
  const runs = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].map(([run]) => run)
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return groups.join(':')
  const at = groups.join(':').search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`))
  const before = groups.join(':').slice(0, at).replace(/:$/, '')
  const after = groups
    .join(':')
    .slice(at + longest.length)
    .replace(/^:/, '')
  return `${before}::${after}`
}

function bitsOf6(text: string): bigint {
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  const all = [...first, ...Array<string>(zeros).fill('0'), ...last]
  return all.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

const bitsOf4 = (text: string): bigint => text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)

/** Neither zones nor IPv4 addresses in the clothes of IPv6 are taken, as Kubernetes has it. */
function ipOf(text: string): Ip | undefined {
  const version = isIP(text)
  if (version === 4) return new Ip(4, bitsOf4(text))
  if (version !== 6 || text.includes('%') || text.includes('.')) return undefined
  const bits = bitsOf6(text)
  return bits >> 32n === 0xffffn ? undefined : new Ip(6, bits)
}

function cidrOf(text: string): Cidr | undefined {
  const [address = '', prefix = '', more] = text.split('/')
  const ip = ipOf(address)
  if (!ip || more !== undefined || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return undefined
  return Number(prefix) <= widthOf(ip.version) ? new Cidr(ip, Number(prefix)) : undefined
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
const isLinkLocalMulticast = ({ version, bits }: Ip): boolean =>
  version === 4 ? bits >> 8n === 0xe00000n : bits >> 120n === 0xffn && ((bits >> 112n) & 0xfn) === 2n
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
    .registerOperator('net.IP == net.IP', (a: Ip, b: Ip) => a.version === b.version && a.bits === b.bits)
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
    .registerFunction(
      'net.CIDR.masked(): net.CIDR',
      ({ ip: { version, bits }, prefix }: Cidr) => new Cidr(new Ip(version, masked(bits, version, prefix)), prefix),
    )
    .registerFunction('string(net.CIDR): string', String)
    .registerOperator('net.CIDR == net.CIDR', (a: Cidr, b: Cidr) => String(a) === String(b))
}
