import { describe, expect, it } from 'vitest'
import { objectReader } from '#test/support/object-reader.ts'
import type { Service, ServiceSpec } from '#shared/kube/generated/types.ts'
import { ApiError } from '#shared/kube/status.ts'
import { setServiceDefaults } from '../kinds/core/service/defaults.ts'
import { service as declaration } from '../kinds/core/service/index.ts'
import type { AdmissionAttributes } from '../api/admission.ts'
import { serviceAllocator } from './service-allocator.ts'

let now = 0
const clock = { now: () => now } as Parameters<typeof serviceAllocator>[0]['clock']

/** @param others further stored objects by `<plural>//<name>` */
function allocator(
  options: Partial<Parameters<typeof serviceAllocator>[0]> = {},
  others: ReadonlyMap<string, object> = new Map(),
) {
  const plugin = serviceAllocator({ clock, random: () => 0, ...options })
  const stored = new Map<string, Service>()
  const run = (name: string, spec: ServiceSpec, { store = true, dryRun = false } = {}): ServiceSpec => {
    const oldObject = stored.get(name)
    const object: Service = { metadata: { name, namespace: 'ns' }, spec: structuredClone(spec) }
    if (name === '') object.metadata = { generateName: 'g-', namespace: 'ns' }
    setServiceDefaults(object)
    void plugin.admit?.({
      operation: oldObject ? 'UPDATE' : 'CREATE',
      kind: declaration,
      subresource: '',
      namespace: 'ns',
      name,
      object,
      oldObject,
      dryRun,
      reader: objectReader(
        () => new Map([...others, ...[...stored].map(([key, one]) => [`services/ns/${key}`, one] as const)]),
      ),
    } as unknown as AdmissionAttributes)
    if (store && !dryRun) stored.set(name, object)
    return object.spec ?? {}
  }
  const remove = (name: string): void => {
    void plugin.admit?.({
      operation: 'DELETE',
      kind: declaration,
      subresource: '',
      namespace: 'ns',
      name,
      oldObject: stored.get(name),
    } as unknown as AdmissionAttributes)
    stored.delete(name)
  }
  return { run, remove }
}

function refusalOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
  return 'accepted'
}

const ports = [{ port: 80 }]

describe('service allocator', () => {
  it('allocates a free address of the upper part of the range', () => {
    const { run } = allocator()
    expect(run('a', { ports })).toMatchObject({
      clusterIP: '10.96.1.0',
      clusterIPs: ['10.96.1.0'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    })
    expect(run('b', { ports }).clusterIP).toBe('10.96.1.1')
  })

  it('allocates a requested address, and refuses one that is taken or out of range', () => {
    const { run } = allocator()
    expect(run('kubernetes', { ports, clusterIP: '10.96.0.1' }).clusterIPs).toEqual(['10.96.0.1'])
    expect(refusalOf(() => run('b', { ports, clusterIP: '10.96.0.1' }))).toBe(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated',
    )
    expect(refusalOf(() => run('c', { ports, clusterIP: '10.97.0.1' }))).toContain('is not in the valid range')
  })

  it('does not allocate the same address to two services that are created concurrently', () => {
    const { run } = allocator()
    const first = run('a', { ports }, { store: false }).clusterIP
    expect(run('b', { ports }).clusterIP).not.toBe(first)
  })

  it('distinguishes services whose names are not generated yet', () => {
    const { run } = allocator()
    const first = run('', { ports }, { store: false }).clusterIP
    expect(run('', { ports }, { store: false }).clusterIP).not.toBe(first)
  })

  it('releases addresses of services that were never stored', () => {
    const { run } = allocator()
    const first = run('a', { ports, clusterIP: '10.96.0.7' }, { store: false }).clusterIP
    now += 60_000
    expect(run('b', { ports, clusterIP: '10.96.0.7' }).clusterIP).toBe(first)
  })

  it('reserves nothing for a dry run', () => {
    const { run } = allocator()
    run('a', { ports, clusterIP: '10.96.0.9' }, { dryRun: true })
    expect(run('b', { ports, clusterIP: '10.96.0.9' }).clusterIP).toBe('10.96.0.9')
  })

  it('allocates no address for headless and external services', () => {
    const { run } = allocator()
    expect(run('a', { clusterIP: 'None', selector: { a: 'b' } })).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
    })
    expect(run('b', { clusterIP: 'None' })).toMatchObject({ ipFamilyPolicy: 'RequireDualStack' })
    expect(run('c', { type: 'ExternalName', externalName: 'example.com' }).clusterIP).toBeUndefined()
  })

  it('allocates node ports, one for both protocols of a port', () => {
    const { run } = allocator()
    const spec = run('a', {
      type: 'NodePort',
      ports: [
        { name: 'tcp', port: 53, protocol: 'TCP' },
        { name: 'udp', port: 53, protocol: 'UDP' },
        { name: 'web', port: 80 },
      ],
    })
    expect(spec.ports?.map(({ nodePort }) => nodePort)).toEqual([30086, 30086, 30087])
  })

  it('refuses node ports that are taken or out of range', () => {
    const { run } = allocator()
    run('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })
    expect(refusalOf(() => run('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] }))).toBe(
      'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated',
    )
    expect(refusalOf(() => run('c', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }))).toContain(
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
  })

  it('keeps address and node ports when an update omits them', () => {
    const { run } = allocator()
    const before = run('a', { type: 'NodePort', ports })
    expect(run('a', { type: 'NodePort', ports, selector: { a: 'b' } })).toMatchObject({
      clusterIP: before.clusterIP,
      ports: [{ nodePort: before.ports?.[0]?.nodePort }],
    })
  })

  it('releases the node ports when the type no longer has any', () => {
    const { run } = allocator()
    const before = run('a', { type: 'NodePort', ports })
    const after = run('a', { ...before, type: 'ClusterIP' })
    expect(after.ports?.[0]).not.toHaveProperty('nodePort')
    expect(after).not.toHaveProperty('externalTrafficPolicy')
    expect(after.clusterIP).toBe(before.clusterIP)
  })

  it('releases the address when the service becomes external', () => {
    const { run } = allocator()
    const before = run('a', { ports })
    const after = run('a', { ...before, type: 'ExternalName', externalName: 'example.com' })
    expect(after).not.toHaveProperty('clusterIP')
    expect(after).not.toHaveProperty('clusterIPs')
  })

  it('gives the address and the node port of a deleted service to another at once', () => {
    const { run, remove } = allocator()
    const before = run('a', { type: 'NodePort', ports })
    remove('a')
    expect(run('b', before)).toMatchObject({ clusterIP: before.clusterIP, ports: before.ports })
  })

  it('gives a node port that a service no longer has to another at once', () => {
    const { run } = allocator()
    const before = run('a', { type: 'NodePort', ports })
    run('a', { type: 'ExternalName', externalName: 'example.com' })
    expect(run('b', before)).toMatchObject({ clusterIP: before.clusterIP, ports: before.ports })
  })

  it('falls back to the lower part, and fails when the range is full', () => {
    const { run } = allocator({ cidrs: ['10.0.0.0/29'] })
    const given = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => run(name, { ports }).clusterIP)
    expect(new Set(given).size).toBe(6)
    expect(refusalOf(() => run('g', { ports }))).toContain('range is full')
  })
})

describe('with ServiceCIDRs', () => {
  const meta = (name: string, more: object = {}): object => ({ metadata: { name, ...more } })
  const range = (name: string, cidrs: string[], ready: string | undefined = 'True', more: object = {}): object => ({
    ...meta(name, more),
    spec: { cidrs },
    status: { conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }] },
  })
  const stored = (...ranges: (readonly [string, object])[]): Map<string, object> =>
    new Map(ranges.map(([name, object]) => [`servicecidrs//${name}`, object]))
  const more = ['more', range('more', ['10.1.0.0/29'], undefined)] as const
  const kubernetes = ['kubernetes', range('kubernetes', ['10.0.0.0/29', 'fd00::/112'])] as const

  it('gives addresses out of all of them, the cluster’s own first', () => {
    const { run } = allocator({}, stored(more, kubernetes))
    const given = Array.from({ length: 12 }, (_, i) => run(`s${i}`, { ports }).clusterIP ?? '')
    expect(given.map((ip) => ip.slice(0, 4))).toEqual([
      ...Array<string>(6).fill('10.0'),
      ...Array<string>(6).fill('10.1'),
    ])
    expect(refusalOf(() => run('full', { ports }))).toContain('range is full')
  })

  it('takes a wanted address of any of them', () => {
    const { run } = allocator({}, stored(more, kubernetes))
    expect(run('a', { ports, clusterIP: '10.1.0.3' }).clusterIP).toBe('10.1.0.3')
    expect(refusalOf(() => run('b', { ports, clusterIP: '10.1.0.3' }))).toContain('provided IP is already allocated')
    expect(refusalOf(() => run('c', { ports, clusterIP: '10.2.0.3' }))).toContain(
      'The range of valid IPs is 10.0.0.0/29',
    )
  })

  it.each([
    ['is not ready', range('more', ['10.1.0.0/29'], 'False')],
    ['is being deleted', range('more', ['10.1.0.0/29'], 'True', { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('gives none of one that %s', (_, gone) => {
    const { run } = allocator({}, stored(['more', gone], kubernetes))
    expect(refusalOf(() => run('a', { ports, clusterIP: '10.1.0.3' }))).toContain('not in the valid range')
  })

  it('leaves addresses that an IPAddress of somebody else has', () => {
    const label = { labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } }
    const taken = new Map([
      ['ipaddresses//10.96.0.7', meta('10.96.0.7')],
      ['ipaddresses//10.96.0.8', meta('10.96.0.8', label)],
    ])
    const { run } = allocator({}, taken)
    expect(refusalOf(() => run('a', { ports, clusterIP: '10.96.0.7' }))).toContain('already allocated')
    expect(run('b', { ports, clusterIP: '10.96.0.8' }).clusterIP).toBe('10.96.0.8')
  })
})

describe('of a dual-stack cluster', () => {
  const cidrs = ['10.96.0.0/16', 'fd00:10:96::/112']
  const both = ['IPv4', 'IPv6'] as const
  const dual = { ports, ipFamilyPolicy: 'PreferDualStack' } as const

  it('gives one address of IPv4 where nobody asks for more', () => {
    expect(allocator({ cidrs }).run('a', { ports })).toMatchObject({
      clusterIPs: ['10.96.1.0'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    })
  })

  it.each(['PreferDualStack', 'RequireDualStack'])('gives one address of each family for %s', (ipFamilyPolicy) => {
    const { run } = allocator({ cidrs })
    expect(run('a', { ports, ipFamilyPolicy })).toMatchObject({
      clusterIP: '10.96.1.0',
      clusterIPs: ['10.96.1.0', 'fd00:10:96::100'],
      ipFamilies: both,
    })
    expect(run('b', { ports, ipFamilyPolicy, ipFamilies: ['IPv6'] })).toMatchObject({
      clusterIP: 'fd00:10:96::101',
      clusterIPs: ['fd00:10:96::101', '10.96.1.1'],
      ipFamilies: ['IPv6', 'IPv4'],
    })
  })

  it('gives a single address of the family that is asked for, or that the wanted address has', () => {
    const { run } = allocator({ cidrs })
    expect(run('a', { ports, ipFamilies: ['IPv6'] })).toMatchObject({
      clusterIPs: ['fd00:10:96::100'],
      ipFamilyPolicy: 'SingleStack',
    })
    expect(run('b', { ports, clusterIP: 'fd00:10:96::7' })).toMatchObject({ ipFamilies: ['IPv6'] })
    expect(refusalOf(() => run('c', { ports, clusterIP: 'fd00:10:96::7' }))).toContain('already allocated')
    expect(refusalOf(() => run('d', { ports, clusterIP: 'fd00:10:97::7' }))).toContain(
      'The range of valid IPs is fd00:10:96::/112',
    )
  })

  it('has all addresses of a large range, of which it gives the first ones', () => {
    const { run } = allocator({ cidrs: ['10.96.0.0/16', 'fd00:10:96::/64'] })
    expect(run('a', { ports, clusterIP: 'fd00:10:96::1:0:0:7' }).clusterIP).toBe('fd00:10:96::1:0:0:7')
    expect(run('b', { ports, ipFamilies: ['IPv6'] }).clusterIP).toBe('fd00:10:96::100')
    expect(refusalOf(() => run('c', { ports, clusterIP: 'fd00:10:97::7' }))).toContain('not in the valid range')
  })

  it('takes an address for the same however it is written', () => {
    const { run } = allocator({ cidrs })
    const first = run('a', { ports, clusterIP: 'FD00:10:96::0:100' })
    expect(first.clusterIP).toBe('FD00:10:96::0:100')
    expect(refusalOf(() => run('b', { ports, clusterIP: 'fd00:10:96::100' }))).toContain('already allocated')
    expect(run('c', { ports, ipFamilies: ['IPv6'] }).clusterIP).toBe('fd00:10:96::101')
    expect(run('a', { ...first, selector: { a: 'b' } }).clusterIPs).toEqual(['FD00:10:96::0:100'])
  })

  it('adds the second family of a Service that changes its policy, and releases it again', () => {
    const { run } = allocator({ cidrs })
    const single = run('a', { ports })
    const added = run('a', { ...single, ipFamilyPolicy: 'RequireDualStack' })
    expect(added).toMatchObject({ clusterIPs: ['10.96.1.0', 'fd00:10:96::100'], ipFamilies: both })
    expect(run('a', { ...added, ipFamilyPolicy: 'SingleStack' })).toMatchObject({
      clusterIPs: ['10.96.1.0'],
      ipFamilies: ['IPv4'],
    })
    expect(run('b', { ports, clusterIP: 'fd00:10:96::100' }).clusterIPs).toEqual(['fd00:10:96::100'])
  })

  it('refuses two families without a policy for them, and to release one under a policy for both', () => {
    const { run } = allocator({ cidrs })
    expect(refusalOf(() => run('a', { ports, ipFamilies: [...both] }))).toContain(
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    )
    const before = run('a', dual)
    const fewer = { ...before, clusterIPs: before.clusterIPs?.slice(0, 1) ?? [] }
    expect(refusalOf(() => run('a', fewer))).toContain("must be 'SingleStack' to release the secondary cluster IP")
  })

  it('sets the families of headless Services alone', () => {
    const { run } = allocator({ cidrs })
    const selector = { a: 'b' }
    expect(run('a', { clusterIP: 'None', selector })).toMatchObject({ clusterIPs: ['None'], ipFamilies: ['IPv4'] })
    expect(run('b', { ...dual, clusterIP: 'None', selector })).toMatchObject({ clusterIPs: ['None'], ipFamilies: both })
  })

  it('leaves a Service alone that a cluster of one family made', () => {
    const stored = { ...dual, clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ipFamilies: ['IPv4'] }
    const { run } = allocator({})
    expect(run('a', { ...dual, clusterIP: '10.96.0.9' })).toMatchObject(stored)
    expect(run('a', { ...stored, selector: { a: 'b' } })).toMatchObject(stored)
  })
})

it('has no second family where the cluster has none', () => {
  const { run } = allocator()
  const refused = (spec: ServiceSpec): string => refusalOf(() => run('a', { ports, ...spec }))
  expect(refused({ ipFamilyPolicy: 'RequireDualStack' })).toContain(
    'this cluster is not configured for dual-stack services',
  )
  expect(refused({ ipFamilies: ['IPv6'] })).toContain('spec.ipFamilies[0]: Invalid value: "IPv6": not configured')
  expect(refused({ clusterIP: 'fd00::1' })).toContain('IPv6 is not configured on this cluster')
  expect(run('b', { ports, ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({ ipFamilies: ['IPv4'] })
})
