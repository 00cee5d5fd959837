import type { Answer, Question } from 'dns-packet'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { clusterIpsOf } from '#shared/kube/cluster-ips.ts'
import { canonicalIp, canonicalOf } from '#shared/kube/ip.ts'

/** The cluster's data that DNS reads. */
export interface DnsSource {
  service(namespace: string, name: string): Stored<Service> | undefined
  slicesOf(namespace: string, name: string): readonly EndpointSlice[]
  hasNamespace(namespace: string): boolean
  /** The service with a cluster IP, or an endpoint's name, for PTR. */
  serviceByIp(ip: string): Stored<Service> | undefined
  endpointByIp(ip: string): { namespace: string; service: string; label: string } | undefined
}

/** Names outside the cluster go upstream; `nodata` = the name exists without records of this type. */
export type Resolution =
  | { kind: 'answers'; answers: Answer[]; /** Name that a CNAME leads to, outside the cluster. */ follow?: string }
  | { kind: 'nodata' }
  | { kind: 'nxdomain' }
  | { kind: 'upstream' }

const ttl = 5

/** Answers one question by Kubernetes' DNS specification, version 1.1.0. @param domain `cluster.local` */
export function resolve(question: Pick<Question, 'name' | 'type'>, domain: string, source: DnsSource): Resolution {
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const reversed = addressOfPointer(name)
  if (reversed !== undefined) return pointer(question, reversed, domain, source)
  if (name !== domain && !name.endsWith(`.${domain}`)) return { kind: 'upstream' }
  const labels = name
    .slice(0, Math.max(0, name.length - domain.length - 1))
    .split('.')
    .filter(Boolean)
  const area = labels.pop()
  if (area === undefined) return { kind: 'nodata' }
  if (area === 'pod') return podRecord(question, labels, source)
  if (area !== 'svc') return { kind: 'nxdomain' }
  const namespace = labels.pop()
  if (namespace === undefined) return { kind: 'nodata' }
  const serviceName = labels.pop()
  if (serviceName === undefined) return source.hasNamespace(namespace) ? { kind: 'nodata' } : { kind: 'nxdomain' }
  const service = source.service(namespace, serviceName)
  if (!service) return { kind: 'nxdomain' }
  return serviceRecord(question, labels, service, domain, source)
}

/** The address that a name of `in-addr.arpa` or `ip6.arpa` spells backwards; undefined for other names. */
function addressOfPointer(name: string): string | undefined {
  const octets = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name)
  if (octets) return octets.slice(1).reverse().join('.')
  const digits = /^((?:[\da-f]\.){32})ip6\.arpa$/.exec(name)?.[1]?.replaceAll('.', '')
  const groups = digits && Array.from(digits).reverse().join('').match(/.{4}/g)
  return groups ? canonicalIp(groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')) : undefined
}

function serviceRecord(
  question: Pick<Question, 'name' | 'type'>,
  labels: readonly string[],
  service: Stored<Service>,
  domain: string,
  source: DnsSource,
): Resolution {
  const { namespace, name } = service.metadata
  const { name: asked, type } = question
  if (service.spec?.type === 'ExternalName') {
    if (labels.length > 0) return { kind: 'nxdomain' }
    const target = service.spec.externalName ?? ''
    return { kind: 'answers', answers: [{ type: 'CNAME', name: asked, ttl, data: target }], follow: target }
  }
  const headless = service.spec?.clusterIP === 'None'
  const host = `${name}.${namespace}.svc.${domain}`
  const [first, second] = labels
  if (labels.length === 2 && first?.startsWith('_') && second?.startsWith('_'))
    return portRecord(asked, type, { port: first.slice(1), protocol: second.slice(1), host }, service, source)
  if (labels.length === 0) {
    const ips = headless ? endpointsOf(service, source).map(({ ip }) => ip) : clusterIpsOf(service)
    if (headless && ips.length === 0) return { kind: 'nxdomain' }
    if (type === 'SRV') return serviceRecords(asked, host, service, source)
    return addresses(asked, type, ips)
  }
  if (labels.length === 1 && headless) {
    const ips = endpointsOf(service, source)
      .filter(({ label }) => label === first)
      .map(({ ip }) => ip)
    return ips.length > 0 ? addresses(asked, type, ips) : { kind: 'nxdomain' }
  }
  return { kind: 'nxdomain' }
}

const familyOfType = { A: 'IPv4', AAAA: 'IPv6' } as const

/** An address has a record of its family's type. */
function addresses(name: string, type: string, ips: readonly string[]): Resolution {
  const types = (['A', 'AAAA'] as const).filter((each) => type === each || type === 'ANY')
  const answers = types.flatMap((each) =>
    ips.filter((ip) => canonicalOf(familyOfType[each], ip)).map((data) => ({ type: each, name, ttl, data })),
  )
  return answers.length > 0 ? { kind: 'answers', answers } : { kind: 'nodata' }
}

interface Endpoint {
  ip: string
  /** Hostname of the endpoint, else its address with dashes. */
  label: string
}

function endpointsOf(service: Stored<Service>, source: DnsSource): Endpoint[] {
  const { namespace, name } = service.metadata
  const publishAll = service.spec?.publishNotReadyAddresses === true
  const found = new Map<string, Endpoint>()
  for (const { endpoints } of source.slicesOf(namespace, name)) {
    for (const { addresses: ips, conditions, hostname } of endpoints ?? []) {
      const [ip] = ips
      if (!ip || (conditions?.ready === false && !publishAll)) continue
      found.set(ip, { ip, label: hostname ?? ip.replace(/[.:]/g, '-') })
    }
  }
  return [...found.values()]
}

function portRecord(
  asked: string,
  type: string,
  wanted: { port: string; protocol: string; host: string },
  service: Stored<Service>,
  source: DnsSource,
): Resolution {
  const port = service.spec?.ports?.find(
    ({ name, protocol }) =>
      name?.toLowerCase() === wanted.port && (protocol ?? 'TCP').toLowerCase() === wanted.protocol,
  )
  if (!port) return { kind: 'nxdomain' }
  if (type !== 'SRV' && type !== 'ANY') return { kind: 'nodata' }
  return { kind: 'answers', answers: srv(asked, wanted.host, port, service, source) }
}

function serviceRecords(asked: string, host: string, service: Stored<Service>, source: DnsSource): Resolution {
  return {
    kind: 'answers',
    answers: (service.spec?.ports ?? []).flatMap((port) => srv(asked, host, port, service, source)),
  }
}

type Port = NonNullable<NonNullable<Service['spec']>['ports']>[number]

function srv(name: string, host: string, port: Port, service: Stored<Service>, source: DnsSource): Answer[] {
  const record = (target: string, number: number): Answer => ({
    type: 'SRV',
    name,
    ttl,
    data: { priority: 0, weight: 100, port: number, target },
  })
  if (service.spec?.clusterIP !== 'None') return [record(host, port.port)]
  const { namespace, name: serviceName } = service.metadata
  const target = source
    .slicesOf(namespace, serviceName)
    .flatMap(({ ports }) => ports ?? [])
    .find((each) => (each.name ?? '') === (port.name ?? '') && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
  // A pod with a hostname has one name for both its addresses.
  const labels = new Set(endpointsOf(service, source).map(({ label }) => label))
  return [...labels].map((label) => record(`${label}.${host}`, target?.port ?? port.port))
}

/** `10-244-1-5.<namespace>.pod.<domain>` resolves to the address in its name, whose colons are dashes too. */
function podRecord(
  question: Pick<Question, 'name' | 'type'>,
  labels: readonly string[],
  source: DnsSource,
): Resolution {
  const [spelt = '', namespace = '', ...rest] = labels
  const ip = canonicalIp(spelt.replace(/-/g, '.')) ?? canonicalIp(spelt.replace(/-/g, ':'))
  if (rest.length > 0 || !source.hasNamespace(namespace) || ip === undefined) return { kind: 'nxdomain' }
  return addresses(question.name, question.type, [ip])
}

function pointer(question: Pick<Question, 'name' | 'type'>, ip: string, domain: string, source: DnsSource): Resolution {
  const service = source.serviceByIp(ip)
  const endpoint = service ? undefined : source.endpointByIp(ip)
  const host = service
    ? `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`
    : endpoint && `${endpoint.label}.${endpoint.service}.${endpoint.namespace}.svc.${domain}`
  if (!host) return { kind: 'upstream' }
  if (question.type !== 'PTR') return { kind: 'nodata' }
  return { kind: 'answers', answers: [{ type: 'PTR', name: question.name, ttl, data: host }] }
}
