import type { Clock } from '#shared/base/clock.ts'
import type { Service, ServicePort, ServiceSpec } from '#shared/kube/generated/types.ts'
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
  /** The range while there is no ServiceCIDR: `10.96.0.0/16` when unset. */
  cidr?: string
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
  const ranges = serviceRanges(options.cidr ?? '10.96.0.0/16')
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
        addresses: ranges(reader),
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
function allocationsOf({ clusterIPs, ports, healthCheckNodePort }: ServiceSpec): Allocated[] {
  const nodePorts = [...(ports ?? []).map(({ nodePort }) => nodePort), healthCheckNodePort]
  return [...(clusterIPs ?? []), ...nodePorts.flatMap((port) => (port ? [port] : []))]
}

class Allocation {
  readonly errors: FieldError[] = []
  readonly given: Allocated[] = []
  readonly #pools: { addresses: Pool<string>; ports: Pool<number> }
  readonly #random: () => number
  readonly #taken: Taken
  readonly #old: ServiceSpec | undefined
  readonly #dryRun: boolean

  constructor(options: {
    addresses: Pool<string>
    ports: Pool<number>
    random: () => number
    taken: Taken
    old: ServiceSpec | undefined
    dryRun: boolean
  }) {
    this.#dryRun = options.dryRun
    this.#pools = options
    this.#random = options.random
    this.#taken = options.taken
    this.#old = options.old
  }

  fill(spec: ServiceSpec): void {
    if (needsAddress(spec)) {
      this.#fillFamilies(spec)
      if (!isHeadless(spec)) this.#fillAddress(spec)
    }
    if (this.errors.length > 0) return
    if (mayHaveNodePorts(spec)) this.#fillNodePorts(spec)
    if (needsHealthPort(spec) && !spec.healthCheckNodePort) {
      const port = this.#free(this.#pools.ports, this.#taken.ports)
      if (port !== undefined) spec.healthCheckNodePort = port
    }
  }

  /** The cluster is IPv4 only. */
  #fillFamilies(spec: ServiceSpec): void {
    const families = spec.ipFamilies
    const foreign = (spec.clusterIPs ?? []).findIndex((ip, i) => ipFamily(ip) === 'IPv6' && families?.[i] === undefined)
    if (foreign >= 0) {
      this.errors.push(
        fieldInvalid(`spec.clusterIPs[${foreign}]`, spec.clusterIPs, 'IPv6 is not configured on this cluster'),
      )
      return
    }
    if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) {
      // The addresses of such a Service are not known in advance: Kubernetes sets both families.
      spec.ipFamilyPolicy ??= 'RequireDualStack'
      spec.ipFamilies ??= ['IPv4', 'IPv6']
      return
    }
    if (spec.ipFamilyPolicy === 'RequireDualStack' && !this.#old?.ipFamilyPolicy)
      this.errors.push(
        fieldInvalid(
          'spec.ipFamilyPolicy',
          spec.ipFamilyPolicy,
          'this cluster is not configured for dual-stack services',
        ),
      )
    else if (families?.includes('IPv6') && !isHeadless(spec))
      this.errors.push(
        fieldInvalid(`spec.ipFamilies[${families.indexOf('IPv6')}]`, 'IPv6', 'not configured on this cluster'),
      )
    spec.ipFamilyPolicy ??= 'SingleStack'
    if (!families?.length) spec.ipFamilies = ['IPv4']
  }

  #fillAddress(spec: ServiceSpec): void {
    if (this.errors.length > 0) return
    const { addresses } = this.#pools
    const wanted = spec.clusterIP
    if (wanted === undefined) {
      const address = this.#free(addresses, this.#taken.addresses)
      if (address === undefined) {
        this.errors.push(fieldInvalid('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full'))
        return
      }
      spec.clusterIP = address
      spec.clusterIPs = [address]
      return
    }
    // An address that the Service already has is its own.
    if (wanted === this.#old?.clusterIP) return
    if (!addresses.has(wanted))
      this.#refuseAddress(
        wanted,
        `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${addresses.range}`,
      )
    else if (this.#taken.addresses.has(wanted)) this.#refuseAddress(wanted, 'provided IP is already allocated')
    else this.given.push(wanted)
  }

  #refuseAddress(address: string, why: string): void {
    this.errors.push(fieldInvalid('spec.clusterIPs', [address], `failed to allocate IP ${address}: ${why}`))
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
