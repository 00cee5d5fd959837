import { describe, expect, it } from 'vitest'
import type { Forward } from '#shared/contract/forwards.ts'
import type { Ingress, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { gatewayAddresses, ingressAddresses, routeAddresses, serviceAddresses } from './addresses.ts'
import { forwardKindOf, portsOf, proposedPort } from './ports.ts'
import { stateOf, trafficText } from './state.ts'

const metadata = { name: 'web', namespace: 'shop' }
const urls = (all: { url: string }[]): string[] => all.map(({ url }) => url)

describe('the ports of an object', () => {
  it('are a Service’s own, and the named ones of containers by name; of TCP alone', () => {
    const ports = [
      { port: 80, name: 'http', targetPort: 8080 },
      { port: 53, protocol: 'UDP' },
    ]
    expect(portsOf('Service', { metadata, spec: { ports } } as Service)).toEqual([
      { port: 80, number: 80, name: 'http' },
    ])
    const containers = [{ name: 'a', ports: [{ containerPort: 8080, name: 'http' }, { containerPort: 9090 }] }]
    const template = { spec: { containers } }
    const expected = [
      { port: 'http', number: 8080, name: 'http' },
      { port: 9090, number: 9090, name: '' },
    ]
    expect(portsOf('Deployment', { metadata, spec: { template } } as KubeObject)).toEqual(expected)
    expect(portsOf('Pod', { metadata, spec: { containers } } as KubeObject)).toEqual(expected)
  })
  it('belong to kinds with pods, by group', () => {
    expect(forwardKindOf({ kind: 'Deployment', group: 'apps' })).toBe('Deployment')
    expect(forwardKindOf({ kind: 'Service', group: 'serving.knative.dev' })).toBeUndefined()
    expect(forwardKindOf({ kind: 'ConfigMap', group: '' })).toBeUndefined()
  })
  it('below 1024 are proposed 8000 higher', () => {
    expect([80, 8080].map((number) => proposedPort({ port: number, number, name: '' }))).toEqual([8080, 8080])
  })
})

describe('addresses without a forward', () => {
  it('of an Ingress are its hosts at the port of its status', () => {
    const rules = [
      { host: 'shop.localhost', http: { paths: [{ path: '/' }, { path: '/cart' }] } },
      { host: 'safe.localhost', http: { paths: [{ path: '/' }] } },
      { host: '*.localhost', http: { paths: [{ path: '/' }] } },
    ]
    const status = { loadBalancer: { ingress: [{ ip: '127.0.0.1', ports: [{ port: 8081, protocol: 'TCP' }] }] } }
    const ingress = { metadata, spec: { rules, tls: [{ hosts: ['safe.localhost'] }] }, status } as unknown as Ingress
    expect(urls(ingressAddresses(ingress))).toEqual([
      'http://shop.localhost:8081/',
      'http://shop.localhost:8081/cart',
      'https://safe.localhost:8081/',
    ])
  })
  it('of an Ingress that no controller serves say so', () => {
    const spec = { rules: [{ host: 'shop.localhost', http: { paths: [{ path: '/' }] } }] }
    const shown = (status: object) => ingressAddresses({ metadata, spec, status } as unknown as Ingress)
    expect(shown({})).toMatchObject([{ url: 'http://shop.localhost/', isUnserved: true }])
    expect(shown({ loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } })).not.toMatchObject([{ isUnserved: true }])
  })
  it('of a LoadBalancer are the ports that it is served at, but none that is refused', () => {
    const ports = [{ port: 80 }, { port: 443, name: 'https' }, { port: 81 }]
    const served = [{ port: 8080 }, { port: 8443 }, { port: 81, error: 'PortNotAvailable' }]
    const status = { loadBalancer: { ingress: [{ ip: '127.0.0.1', ports: served }] } }
    const service = { metadata, spec: { type: 'LoadBalancer', ports }, status } as unknown as Service
    expect(urls(serviceAddresses(service))).toEqual(['http://localhost:8080/', 'https://localhost:8443/'])
    expect(serviceAddresses({ metadata, spec: { type: 'ClusterIP', ports } })).toEqual([])
  })
  it('of Gateways and their routes are at the Ingress port', () => {
    const listeners = [
      { protocol: 'HTTP', port: 80 },
      { protocol: 'HTTPS', port: 443, hostname: 'safe.localhost' },
      { protocol: 'TCP', port: 9000, hostname: 'raw.localhost' },
    ]
    const gateway = { metadata, spec: { listeners }, status: { addresses: [{ value: '127.0.0.1' }] } }
    expect(urls(gatewayAddresses(gateway, 'http://localhost:8081'))).toEqual([
      'http://localhost:8081/',
      'https://safe.localhost:8081/',
    ])
    expect(gatewayAddresses({ ...gateway, status: {} }, 'http://localhost:8081')).toEqual([])
    const route = { metadata, spec: { hostnames: ['app.localhost', '*.app.localhost'] } }
    expect(urls(routeAddresses(route, 'http://localhost:8081'))).toEqual(['http://app.localhost:8081/'])
  })
})

describe('a forward in words', () => {
  const forward: Forward = {
    id: 'a',
    target: { context: 'local:dev', namespace: 'shop', kind: 'Service', name: 'web', port: 80 },
    localPort: 8080,
    state: 'active',
    connections: 0,
    bytes: 0,
    healed: [],
  }
  it('names the process that has its port', () => {
    const taken = stateOf({ ...forward, state: 'taken', holder: 'redis-server (pid 2214)' })
    expect(taken).toMatchObject({ tone: 'bad', text: 'Port taken', note: 'not listening' })
    expect(taken.trouble).toBe(
      'redis-server (pid 2214) listens on port 8080 of this machine. It is tried again by itself.',
    )
  })
  it('says why it reconnects', () => {
    expect(stateOf({ ...forward, state: 'retrying', reason: 'deployment web has no pods' }).trouble).toContain(
      'Deployment web has no pods.',
    )
  })
  it('tells its traffic', () => {
    expect(trafficText(forward, 0)).toBe('no traffic')
    expect(trafficText({ ...forward, bytes: 1_200_000, since: 0 }, 60_000)).toBe('1.2 MB in 60 s')
  })
})
