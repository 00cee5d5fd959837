import type { Clock } from '#shared/base/clock.ts'
import { clusterIpsOf } from '#shared/kube/cluster-ips.ts'
import { defaultServiceCidr } from '#shared/kube/cluster-ranges.ts'
import type { Service, ServicePort, ServiceSpec } from '#shared/kube/generated/types.ts'
import { canonicalIp, familyOf, parseCidr, type IpFamily } from '#shared/kube/ip.ts'
import { services } from '#shared/kube/resources.ts'
import { fieldInvalid, invalid, type FieldError } from '#shared/kube/status.ts'
import { ipFamily } from '#shared/kube/validation-names.ts'
import type { AdmissionPlugin } from '../api/admission.ts'
import type { ObjectReader } from '../api/reader.ts'
import { portPool, type Pool } from './number-pool.ts'
import { reservedAddresses, serviceRanges } from './service-ranges.ts'
import { jsonEqual, setField } from '#shared/kube/json.ts'
import { clusterIpFindings } from '../validation/cluster-ips.ts'

export interface ServiceAllocatorOptions {
  clock: Clock
  /**
   * The cluster's range, `10.96.0.0/16` when unset, or two of both families: its Services can have these families, the
   * first one where they ask for none.
   */
  cidrs?: readonly string[]
  /** First and last node port; 30000 and 32767 when unset. */
  nodePorts?: { first: number; last: number }
  /** 0 to below 1. */
  random?: () => number
}

/**
 * Allocates cluster IPs, out of all ServiceCIDRs, and node ports of Services: the last mutating plugin of the chain. Allocations
 * in use are read from the stored Services; those of Services that are not stored yet are reserved for a short time.
 */
export function serviceAllocator(options: ServiceAllocatorOptions): AdmissionPlugin {
  const cidrs = options.cidrs ?? [defaultServiceCidr]
  const families = cidrs.flatMap((cidr) => parseCidr(cidr) ?? []).map(({ base }) => familyOf(base))
  const ranges = serviceRanges(cidrs)
  const ports = portPool(options.nodePorts ?? { first: 30_000, last: 32_767 })
  const pending = new Pending(options.clock)
  let unnamed = 0
  return {
    name: 'ServiceAllocator',
    admit(attributes) {
      const { operation, kind, subresource, object, oldObject, reader, dryRun } = attributes
      if (kind.group !== '' || kind.plural !== 'services' || subresource !== '') return
      const previous: Service | undefined = oldObject
      const old = previous?.spec
      // What is stored needs no reservation, and is free as soon as its Service is deleted or no longer has it.
      if (old) pending.end(allocationsOf(old))
      if (operation !== 'CREATE' && operation !== 'UPDATE') return
      const service = object as Service
      const spec = (service.spec ??= {})
      normalize(spec, old)
      if (old) keepAllocated(spec, old)
      const findings = clusterIpFindings(spec)
      if (findings.length > 0) throw invalid('Service', '', attributes.name, findings)
      // A generated name is not known yet: such a Service gets a unique owner key.
      const owner = `${attributes.namespace}/${attributes.name || `?${++unnamed}`}`
      const allocation = new Allocation({
        families,
        addresses: (family) => ranges(reader, family),
        ports,
        random: options.random ?? Math.random,
        taken: takenBy(reader, owner, pending),
        old,
        dryRun,
      })
      allocation.fill(spec)
      if (allocation.errors.length > 0) throw invalid('Service', '', attributes.name, allocation.errors)
      if (!dryRun) pending.add(owner, allocation.given)
    },
  }
}

/** Kubernetes' isMatchingPreferDualStackClusterIPFields. */
const isSameDualStack = (spec: ServiceSpec, old: ServiceSpec): boolean =>
  old.ipFamilyPolicy === 'PreferDualStack' &&
  spec.ipFamilyPolicy === 'PreferDualStack' &&
  jsonEqual(spec.clusterIPs, old.clusterIPs) &&
  jsonEqual(spec.ipFamilies, old.ipFamilies)

const isExternallyAccessible = ({ type, externalIPs }: ServiceSpec): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0)
const needsAddress = ({ type }: ServiceSpec): boolean => type !== 'ExternalName'
const isHeadless = ({ clusterIP }: ServiceSpec): boolean => clusterIP === 'None'
const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
const mayHaveNodePorts = ({ type }: ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer'
const needsHealthPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

/** Keeps allocations that an update omits, and releases those that the new type does not have. */
function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsAddress(old) && needsAddress(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs)
      spec.clusterIPs = [...old.clusterIPs]
    if (!spec.ipFamilies) setField(spec, 'ipFamilies', old.ipFamilies && [...old.ipFamilies])
    if (spec.ipFamilyPolicy === undefined) setField(spec, 'ipFamilyPolicy', old.ipFamilyPolicy)
  }
  if (!needsAddress(spec) && needsAddress(old)) dropAddresses(spec, old)
  if (mayHaveNodePorts(old)) {
    for (const port of spec.ports ?? []) {
      const before = old.ports?.find((other) => samePort(other, port))?.nodePort
      if (!mayHaveNodePorts(spec)) {
        if (port.nodePort === before || !before) delete port.nodePort
      } else if (!port.nodePort) setField(port, 'nodePort', before)
    }
  }
  if (needsHealthPort(spec) && !spec.healthCheckNodePort) setField(spec, 'healthCheckNodePort', old.healthCheckNodePort)
  dropForeign(spec, old)
}

const samePort = (a: ServicePort, b: ServicePort): boolean =>
  a.port === b.port && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP')

function dropAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.clusterIP === old.clusterIP) delete spec.clusterIP
  if (spec.clusterIPs?.[0] === old.clusterIPs?.[0]) delete spec.clusterIPs
  delete spec.ipFamilies
  delete spec.ipFamilyPolicy
  if (spec.internalTrafficPolicy === old.internalTrafficPolicy) delete spec.internalTrafficPolicy
}

function dropForeign(spec: ServiceSpec, old: ServiceSpec): void {
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec)) dropUnchanged(spec, old, 'externalTrafficPolicy')
  if (needsHealthPort(old) && !needsHealthPort(spec)) dropUnchanged(spec, old, 'healthCheckNodePort')
  if (spec.type !== 'ExternalName' && old.type === 'ExternalName' && spec.externalName === old.externalName)
    delete spec.externalName
  if (spec.type !== 'LoadBalancer' && old.type === 'LoadBalancer') {
    delete spec.allocateLoadBalancerNodePorts
    delete spec.loadBalancerClass
  }
}

/** Drops a field that the new type does not have, unless the update sets it. */
function dropUnchanged(
  spec: ServiceSpec,
  old: ServiceSpec,
  field: 'externalTrafficPolicy' | 'healthCheckNodePort',
): void {
  if (spec[field] === old[field]) delete spec[field]
}

/** Who sets `clusterIP` means the first of `clusterIPs`, and who changes it alone changes that one too. */
function normalize(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (spec.clusterIP === '') delete spec.clusterIP
  const [, ...others] = spec.clusterIPs ?? []
  const isChanged = old !== undefined && spec.clusterIP !== old.clusterIP && jsonEqual(spec.clusterIPs, old.clusterIPs)
  if (spec.clusterIP) {
    if (!spec.clusterIPs?.length || isChanged) spec.clusterIPs = [spec.clusterIP, ...others]
  } else if (isChanged) delete spec.clusterIPs
}

/** An address or a port. */
type Allocated = string | number

interface Taken {
  addresses: ReadonlySet<string>
  ports: ReadonlySet<number>
}

/** Returns the allocations of all Services except `owner`. */
function takenBy(reader: ObjectReader, owner: string, pending: Pending): Taken {
  const addresses = new Set<string>()
  const ports = new Set<number>()
  const take = (given: Allocated): unknown => (typeof given === 'string' ? addresses.add(given) : ports.add(given))
  for (const { metadata, spec } of reader.list(services)) {
    if (`${metadata.namespace}/${metadata.name}` === owner) continue
    for (const given of allocationsOf(spec ?? {})) take(given)
  }
  for (const given of reservedAddresses(reader)) take(given)
  for (const given of pending.ofOthers(owner)) take(given)
  return { addresses, ports }
}

/** Addresses and ports of a stored Service. */
function allocationsOf(spec: ServiceSpec): Allocated[] {
  const nodePorts = [...(spec.ports ?? []).map(({ nodePort }) => nodePort), spec.healthCheckNodePort]
  return [...clusterIpsOf({ spec }), ...nodePorts.flatMap((port) => (port ? [port] : []))]
}

class Allocation {
  readonly errors: FieldError[] = []
  readonly given: Allocated[] = []
  readonly #families: readonly IpFamily[]
  readonly #pools: { addresses: (family: IpFamily) => Pool<string>; ports: Pool<number> }
  readonly #random: () => number
  readonly #taken: Taken
  readonly #old: ServiceSpec | undefined
  readonly #dryRun: boolean

  constructor(options: {
    families: readonly IpFamily[]
    addresses: (family: IpFamily) => Pool<string>
    ports: Pool<number>
    random: () => number
    taken: Taken
    old: ServiceSpec | undefined
    dryRun: boolean
  }) {
    this.#dryRun = options.dryRun
    this.#families = options.families
    this.#pools = options
    this.#random = options.random
    this.#taken = options.taken
    this.#old = options.old
  }

  fill(spec: ServiceSpec): void {
    if (needsAddress(spec)) {
      this.#fillFamilies(spec)
      if (!isHeadless(spec) && this.errors.length === 0) this.#fillAddresses(spec)
    }
    if (this.errors.length > 0) return
    if (mayHaveNodePorts(spec)) this.#fillNodePorts(spec)
    if (needsHealthPort(spec) && !spec.healthCheckNodePort) {
      const port = this.#free(this.#pools.ports, this.#taken.ports)
      if (port !== undefined) spec.healthCheckNodePort = port
    }
  }

  /**
   * Sets the policy and the families, in the order of Kubernetes' initIPFamilyFields: who asks for no family gets the
   * cluster's first, and who wants or requires both gets the other one too.
   */
  #fillFamilies(spec: ServiceSpec): void {
    const old = this.#old
    // A cluster that has become dual stack changes no Service that nobody changes.
    if (old && isSameDualStack(spec, old)) return
    const isFree = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0
    // The addresses of such a Service are not known in advance: Kubernetes sets both families.
    spec.ipFamilyPolicy ??= isFree ? 'RequireDualStack' : 'SingleStack'
    if (old) this.#releaseSecond(spec, old)
    this.#checkPolicy(spec)
    this.#inferFamilies(spec)
    if (this.errors.length > 0) return
    if (!isFree) this.#checkConfigured(spec)
    if (this.errors.length > 0) return
    const families = (spec.ipFamilies?.length ? spec.ipFamilies : undefined) ?? [this.#families[0] ?? 'IPv4']
    spec.ipFamilies = families
    const isBoth = spec.ipFamilyPolicy !== 'SingleStack' && (isFree || this.#families.length === 2)
    if (isBoth && families.length === 1) spec.ipFamilies = [...families, families[0] === 'IPv4' ? 'IPv6' : 'IPv4']
  }

  /** To set SingleStack is to release the second family; any other policy keeps it. */
  #releaseSecond(spec: ServiceSpec, old: ServiceSpec): void {
    if (spec.ipFamilyPolicy === 'SingleStack') {
      for (const field of ['clusterIPs', 'ipFamilies'] as const)
        if (jsonEqual(spec[field], old[field])) setField(spec, field, spec[field]?.slice(0, 1))
      return
    }
    const released = { clusterIPs: 'cluster IP', ipFamilies: 'IP family' } as const
    for (const [field, what] of Object.entries(released) as [keyof typeof released, string][])
      if (spec[field]?.length === 1 && spec[field][0] === old[field]?.[0] && old[field]?.length === 2)
        this.#refusePolicy(spec, `must be 'SingleStack' to release the secondary ${what}`)
  }

  #checkPolicy(spec: ServiceSpec): void {
    if (spec.ipFamilyPolicy !== 'SingleStack') return
    const wanted = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
    if (spec.clusterIPs?.length === 2) this.#refusePolicy(spec, `${wanted} cluster IPs are specified`)
    if (spec.ipFamilies?.length === 2) this.#refusePolicy(spec, `${wanted} IP families are specified`)
  }

  /** An address tells its family. */
  #inferFamilies(spec: ServiceSpec): void {
    for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
      const family = ipFamily(address)
      if (!family || spec.ipFamilies?.[index]) continue
      if (this.#families.includes(family)) (spec.ipFamilies ??= []).push(family)
      else
        this.errors.push(
          fieldInvalid(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${family} is not configured on this cluster`),
        )
    }
  }

  #checkConfigured(spec: ServiceSpec): void {
    if (spec.ipFamilyPolicy === 'RequireDualStack' && this.#families.length < 2)
      this.#refusePolicy(spec, 'this cluster is not configured for dual-stack services')
    for (const [index, family] of (spec.ipFamilies ?? []).entries())
      if (!this.#families.includes(family as IpFamily))
        this.errors.push(fieldInvalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  }

  #refusePolicy({ ipFamilyPolicy }: ServiceSpec, why: string): void {
    this.errors.push(fieldInvalid('spec.ipFamilyPolicy', ipFamilyPolicy, why))
  }

  /** One of each family; what the Service already has is its own. */
  #fillAddresses(spec: ServiceSpec): void {
    const wanted = spec.clusterIPs ?? []
    const given = (spec.ipFamilies ?? []).map((family, index) => {
      const pool = this.#pools.addresses(family as IpFamily)
      const address = wanted[index]
      if (address === undefined) return this.#free(pool, this.#taken.addresses)
      if (!this.#old?.clusterIPs?.includes(address)) this.#claimAddress(address, pool, wanted)
      return address
    })
    if (this.errors.length > 0) return
    const addresses = given.filter((address) => address !== undefined)
    if (addresses.length < given.length) {
      this.errors.push(fieldInvalid('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full'))
      return
    }
    setField(spec, 'clusterIP', addresses[0])
    spec.clusterIPs = addresses
  }

  #claimAddress(address: string, pool: Pool<string>, wanted: readonly string[]): void {
    const refuse = (why: string): void => {
      this.errors.push(fieldInvalid('spec.clusterIPs', wanted, `failed to allocate IP ${address}: ${why}`))
    }
    const own = canonicalIp(address) ?? address
    if (!pool.has(own))
      refuse(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${pool.range}`)
    else if (this.#taken.addresses.has(own)) refuse('provided IP is already allocated')
    else this.given.push(own)
  }

  #fillNodePorts(spec: ServiceSpec): void {
    // Ports of the same number (DNS over TCP and UDP) share one node port.
    const byPort = new Map<number, number>()
    const own = new Set((this.#old?.ports ?? []).map(({ nodePort }) => nodePort))
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (this.errors.length > 0) return
      if (port.nodePort) {
        if (!own.has(port.nodePort) && byPort.get(port.port) !== port.nodePort) this.#claimPort(port.nodePort, index)
      } else if (needsNodePorts(spec)) {
        const shared = byPort.get(port.port) ?? this.#free(this.#pools.ports, this.#taken.ports)
        if (shared === undefined)
          this.errors.push(
            fieldInvalid(`spec.ports[${index}].nodePort`, 0, 'failed to allocate a nodePort: range is full'),
          )
        else port.nodePort = shared
      }
      if (port.nodePort) byPort.set(port.port, port.nodePort)
    }
  }

  #claimPort(port: number, index: number): void {
    const { ports } = this.#pools
    const refuse = (why: string): number => this.errors.push(fieldInvalid(`spec.ports[${index}].nodePort`, port, why))
    // Kubernetes' allocator of a dry run knows no range.
    if (!ports.has(port) && !this.#dryRun)
      refuse(`provided port is not in the valid range. The range of valid ports is ${ports.range}`)
    else if (this.#taken.ports.has(port)) refuse('provided port is already allocated')
    else this.given.push(port)
  }

  #free<T extends string | number>(pool: Pool<T>, taken: ReadonlySet<T>): T | undefined {
    const value = pool.free(this.#random, (candidate) => taken.has(candidate) || this.given.includes(candidate))
    if (value !== undefined) this.given.push(value)
    return value
  }
}

/** How long an allocation is reserved until its Service is stored, in milliseconds. */
const pendingMs = 5000

/** Allocations of Services that are not stored yet. */
class Pending {
  readonly #clock: Clock
  #entries: { owner: string; given: readonly Allocated[]; until: number }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(owner: string, given: readonly Allocated[]): void {
    if (given.length > 0) this.#entries.push({ owner, given, until: this.#clock.now() + pendingMs })
  }

  /** These are stored. */
  end(stored: readonly Allocated[]): void {
    if (this.#entries.length === 0) return
    this.#entries = this.#entries.map((entry) => ({
      ...entry,
      given: entry.given.filter((given) => !stored.includes(given)),
    }))
  }

  ofOthers(owner: string): Allocated[] {
    const now = this.#clock.now()
    this.#entries = this.#entries.filter(({ until }) => until > now)
    return this.#entries.filter((entry) => entry.owner !== owner).flatMap(({ given }) => given)
  }
}
