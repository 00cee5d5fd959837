import type { Environment } from '@marcbachmann/cel-js'
import { BlockList, isIP } from 'node:net'
import {
  subdomainProblems,
  labelProblems,
  label1035Problems,
  labelValueProblems,
  qualifiedNameProblems,
} from '#shared/kube/validation-names.ts'

/** A URL, an address or a range of them as CEL values. */
class Url {
  readonly url: URL
  constructor(url: URL) {
    this.url = url
  }
}

class Ip {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

class Cidr {
  readonly text: string
  readonly prefix: number
  readonly list = new BlockList()
  constructor(text: string) {
    const [address = '', prefix = ''] = text.split('/')
    this.text = text
    this.prefix = Number(prefix)
    this.list.addSubnet(address, this.prefix, familyName(address))
  }
  toString(): string {
    return this.text
  }
}

const familyName = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Kubernetes' url, ip and cidr libraries, and the named formats. */
export function registerNetwork(environment: Environment): void {
  registerUrls(environment)
  registerAddresses(environment)
  registerFormats(environment)
}

function registerUrls(environment: Environment): void {
  environment
    .registerType('kubernetes.URL', { ctor: Url, fields: {} })
    .registerFunction('isURL(string): bool', (text: string) => urlOf(text) !== undefined)
    .registerFunction('url(string): kubernetes.URL', (text: string) => {
      const url = urlOf(text)
      if (!url) throw new Error(`URL parse error during conversion from string: ${JSON.stringify(text)}`)
      return new Url(url)
    })
    .registerFunction('kubernetes.URL.getScheme(): string', ({ url }: Url) => url.protocol.replace(/:$/, ''))
    .registerFunction('kubernetes.URL.getHost(): string', ({ url }: Url) => url.host)
    .registerFunction('kubernetes.URL.getHostname(): string', ({ url }: Url) =>
      url.hostname.replace(/^\[(.*)\]$/, '$1'),
    )
    .registerFunction('kubernetes.URL.getPort(): string', ({ url }: Url) => url.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', ({ url }: Url) => url.pathname)
    .registerFunction('kubernetes.URL.getQuery(): map', ({ url }: Url) => {
      const query: Record<string, string[]> = {}
      for (const [name, value] of url.searchParams) (query[name] ??= []).push(value)
      return query
    })
}

/** An absolute URI or an absolute path, as Go's ParseRequestURI takes them. */
function urlOf(text: string): URL | undefined {
  if (text.startsWith('/')) return URL.canParse(text, 'path://x') ? new URL(text, 'path://x') : undefined
  return URL.canParse(text) ? new URL(text) : undefined
}

function registerAddresses(environment: Environment): void {
  const ip = (text: string): Ip => {
    if (isIP(text) === 0)
      throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
    return new Ip(text)
  }
  const cidr = (text: string): Cidr => {
    if (!isCidr(text))
      throw new Error(`network address parse error during conversion from string: ${JSON.stringify(text)}`)
    return new Cidr(text)
  }
  const inRange = (range: Cidr, text: string): boolean => range.list.check(text, familyName(text))
  const contains = (range: Cidr, other: Cidr): boolean =>
    other.prefix >= range.prefix && inRange(range, other.text.split('/')[0] ?? '')
  environment
    .registerType('net.IP', { ctor: Ip, fields: {} })
    .registerType('net.CIDR', { ctor: Cidr, fields: {} })
    .registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0)
    .registerFunction('ip(string): net.IP', ip)
    .registerFunction('net.IP.family(): int', ({ text }: Ip) => BigInt(isIP(text)))
    .registerFunction('net.IP.isLoopback(): bool', ({ text }: Ip) => text.startsWith('127.') || text === '::1')
    .registerFunction('net.IP.isUnspecified(): bool', ({ text }: Ip) => text === '0.0.0.0' || text === '::')
    .registerFunction('string(net.IP): string', String)
    .registerFunction('isCIDR(string): bool', isCidr)
    .registerFunction('cidr(string): net.CIDR', cidr)
    .registerFunction('net.CIDR.containsIP(string): bool', (range: Cidr, text: string) => inRange(range, ip(text).text))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (range: Cidr, { text }: Ip) => inRange(range, text))
    .registerFunction('net.CIDR.containsCIDR(string): bool', (range: Cidr, text: string) => contains(range, cidr(text)))
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', contains)
    .registerFunction('net.CIDR.prefixLength(): int', ({ prefix }: Cidr) => BigInt(prefix))
    .registerFunction('net.CIDR.ip(): net.IP', ({ text }: Cidr) => new Ip(text.split('/')[0] ?? ''))
    .registerFunction('string(net.CIDR): string', String)
}

function isCidr(text: string): boolean {
  const [address = '', prefix = '', more] = text.split('/')
  const family = isIP(address)
  return more === undefined && family !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)
}

const formats: Readonly<Record<string, (text: string) => readonly string[]>> = {
  dns1123Label: labelProblems,
  dns1123Subdomain: subdomainProblems,
  dns1035Label: label1035Problems,
  qualifiedName: qualifiedNameProblems,
  labelValue: labelValueProblems,
  uri: (text) => (urlOf(text) ? [] : ['must be a valid URI']),
  uuid: (text) => (/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text) ? [] : ['does not match the UUID format']),
  date: (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ['invalid date']),
  datetime: (text) =>
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ['invalid date-time'],
}

/** Stands for the name before the dot. */
class Formats {
  readonly name = 'format'
}
class Format {
  readonly problems: (text: string) => readonly string[]
  constructor(problems: (text: string) => readonly string[]) {
    this.problems = problems
  }
}

/** `!format.dns1123Label().validate(name).hasValue()` */
function registerFormats(environment: Environment): void {
  environment
    .registerType('format', Formats)
    .registerConstant('format', 'format', new Formats())
    .registerType('kubernetes.NamedFormat', { ctor: Format, fields: {} })
  for (const [name, problems] of Object.entries(formats))
    environment.registerFunction(`format.${name}(): kubernetes.NamedFormat`, () => new Format(problems))
  environment.registerFunction(
    'kubernetes.NamedFormat.validate(string): list<string>',
    ({ problems }: Format, text: string) => [...problems(text)],
  )
  environment.registerFunction('list.hasValue(): bool', (list: unknown[]) => list.length > 0)
}
