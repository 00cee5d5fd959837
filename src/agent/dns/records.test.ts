import { expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { resolve, type DnsSource, type Resolution } from './records.ts'

const service = (name: string, spec: NonNullable<Service['spec']>): Stored<Service> =>
  stored<Service>({ metadata: { name, namespace: 'shop' }, spec })
const slice = (endpoints: NonNullable<EndpointSlice['endpoints']>): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
})
const services: Record<string, Stored<Service>> = {
  web: service('web', { clusterIP: '10.96.3.4', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  db: service('db', { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  early: service('early', { clusterIP: 'None', publishNotReadyAddresses: true }),
  nobody: service('nobody', { clusterIP: 'None' }),
  outside: service('outside', { type: 'ExternalName', externalName: 'example.com' }),
}
const slices: Record<string, EndpointSlice[]> = {
  db: [
    slice([{ addresses: ['10.244.1.5'], hostname: 'db-0' }]),
    slice([{ addresses: ['10.244.2.7'] }, { addresses: ['10.244.2.8'], conditions: { ready: false } }]),
  ],
  early: [slice([{ addresses: ['10.244.1.9'], conditions: { ready: false } }])],
}
const source: DnsSource = {
  service: (namespace, name) => (namespace === 'shop' ? services[name] : undefined),
  slicesOf: (_namespace, name) => slices[name] ?? [],
  hasNamespace: (namespace) => namespace === 'shop',
  serviceByIp: (ip) => (ip === '10.96.3.4' ? services.web : undefined),
  endpointByIp: (ip) => (ip === '10.244.1.5' ? { namespace: 'shop', service: 'db', label: 'db-0' } : undefined),
}
const ask = (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR' | 'CNAME' = 'A'): Resolution =>
  resolve({ name, type }, 'cluster.local', source)
const data = (resolution: Resolution): unknown[] =>
  resolution.kind === 'answers' ? resolution.answers.map((answer) => ('data' in answer ? answer.data : undefined)) : []

test('a service resolves to its cluster IP, in any letter case', () => {
  expect(data(ask('web.shop.svc.cluster.local'))).toEqual(['10.96.3.4'])
  expect(data(ask('Web.SHOP.svc.cluster.local.'))).toEqual(['10.96.3.4'])
})

test('the answer repeats the name exactly as queried', () => {
  const found = ask('Web.SHOP.svc.cluster.local')
  expect(found.kind === 'answers' && found.answers[0]?.name).toBe('Web.SHOP.svc.cluster.local')
})

test('a headless service resolves to its ready pods, each with its own name', () => {
  expect(data(ask('db.shop.svc.cluster.local'))).toEqual(['10.244.1.5', '10.244.2.7'])
  expect(data(ask('db-0.db.shop.svc.cluster.local'))).toEqual(['10.244.1.5'])
  expect(data(ask('10-244-2-7.db.shop.svc.cluster.local'))).toEqual(['10.244.2.7'])
  expect(ask('db-1.db.shop.svc.cluster.local').kind).toBe('nxdomain')
})

test('pods that are not ready resolve only with publishNotReadyAddresses', () => {
  expect(data(ask('early.shop.svc.cluster.local'))).toEqual(['10.244.1.9'])
})

test('an existing name without records of the type is NODATA', () => {
  for (const name of ['web.shop.svc.cluster.local', 'db.shop.svc.cluster.local'])
    expect(ask(name, 'AAAA').kind).toBe('nodata')
  for (const name of ['cluster.local', 'svc.cluster.local', 'shop.svc.cluster.local'])
    expect(ask(name).kind).toBe('nodata')
})

test('an unknown name is NXDOMAIN', () => {
  for (const name of [
    'nothing.shop.svc.cluster.local',
    'web.elsewhere.svc.cluster.local',
    'elsewhere.svc.cluster.local',
    'web.web.shop.svc.cluster.local',
    'nobody.shop.svc.cluster.local',
    'web.shop.cluster.local',
    '300.shop.pod.cluster.local',
  ])
    expect([name, ask(name).kind]).toEqual([name, 'nxdomain'])
})

test('named ports have SRV records: of the service, or of each pod of a headless one', () => {
  expect(data(ask('_http._tcp.web.shop.svc.cluster.local', 'SRV'))).toEqual([
    { priority: 0, weight: 100, port: 80, target: 'web.shop.svc.cluster.local' },
  ])
  expect(data(ask('_http._tcp.db.shop.svc.cluster.local', 'SRV'))).toEqual([
    { priority: 0, weight: 100, port: 8080, target: 'db-0.db.shop.svc.cluster.local' },
    { priority: 0, weight: 100, port: 8080, target: '10-244-2-7.db.shop.svc.cluster.local' },
  ])
  expect(ask('_http._udp.web.shop.svc.cluster.local', 'SRV').kind).toBe('nxdomain')
})

test('an ExternalName service is a CNAME', () => {
  expect(ask('outside.shop.svc.cluster.local')).toMatchObject({
    kind: 'answers',
    answers: [{ type: 'CNAME', data: 'example.com' }],
    follow: 'example.com',
  })
})

test('a pod’s address resolves in its namespace', () => {
  expect(data(ask('10-244-1-5.shop.pod.cluster.local'))).toEqual(['10.244.1.5'])
  expect(ask('10-244-1-5.elsewhere.pod.cluster.local').kind).toBe('nxdomain')
})

test('addresses resolve to names; external ones go upstream', () => {
  expect(data(ask('4.3.96.10.in-addr.arpa', 'PTR'))).toEqual(['web.shop.svc.cluster.local'])
  expect(data(ask('5.1.244.10.in-addr.arpa', 'PTR'))).toEqual(['db-0.db.shop.svc.cluster.local'])
  expect(ask('8.8.8.8.in-addr.arpa', 'PTR').kind).toBe('upstream')
})

test('names outside the cluster go upstream, similar ones too', () => {
  for (const name of ['example.com', 'web.shop', 'notcluster.local']) expect(ask(name).kind).toBe('upstream')
})

test('addresses of IPv6 are AAAA records, of dual-stack Services beside those of IPv4', () => {
  const both = service('both', { clusterIP: '10.96.3.9', clusterIPs: ['10.96.3.9', 'fd00:10:96::9'] })
  const heads = service('heads', { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] })
  const dual: DnsSource = {
    ...source,
    service: (_, name) => ({ both, heads })[name],
    slicesOf: () => [
      slice([{ addresses: ['10.244.1.5'], hostname: 'db-0' }]),
      { ...slice([{ addresses: ['fd00:10:244:1::5'], hostname: 'db-0' }]), addressType: 'IPv6' },
    ],
    serviceByIp: (ip) => (ip === 'fd00:10:96::9' ? both : undefined),
  }
  const of = (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR') => data(resolve({ name, type }, 'cluster.local', dual))
  expect(of('both.shop.svc.cluster.local', 'A')).toEqual(['10.96.3.9'])
  expect(of('both.shop.svc.cluster.local', 'AAAA')).toEqual(['fd00:10:96::9'])
  expect(of('db-0.heads.shop.svc.cluster.local', 'AAAA')).toEqual(['fd00:10:244:1::5'])
  expect(of('_http._tcp.heads.shop.svc.cluster.local', 'SRV')).toHaveLength(1)
  expect(of('fd00-10-244--7.shop.pod.cluster.local', 'AAAA')).toEqual(['fd00:10:244::7'])
  const spelled = '9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa'
  expect(of(spelled, 'PTR')).toEqual(['both.shop.svc.cluster.local'])
})
