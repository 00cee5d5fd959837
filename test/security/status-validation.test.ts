import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawApi, type RawApi } from '../support/api-identity.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** Wall 5: status is validated as spec is; texts that are no addresses do not reach agents and proxies. */

let cluster: SimulatedCluster
let admin: RawApi
const core = '/api/v1/namespaces/default'

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  const { server, pki } = cluster.plane
  admin = createRawApi({ server, ca: pki.ca, credentials: pki.admin })
  const service = (name: string, type: string): object => ({
    metadata: { name },
    spec: { type, ports: [{ port: 80 }], selector: { app: 'x' } },
  })
  await admin.create(`${core}/services`, service('balanced', 'LoadBalancer'))
  await admin.create(`${core}/services`, service('plain', 'ClusterIP'))
  // On no node: nobody else writes its status.
  await admin.create(`${core}/pods`, {
    metadata: { name: 'pod' },
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'app' }] },
  })
  await admin.create('/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
    metadata: { name: 'ingress' },
    spec: { defaultBackend: { service: { name: 'plain', port: { number: 80 } } } },
  })
  await admin.create(`${core}/persistentvolumeclaims`, {
    metadata: { name: 'claim' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
  })
  await admin.create('/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
    metadata: { name: 'budget' },
    spec: { minAvailable: 1, selector: { matchLabels: { none: 'such' } } },
  })
  await admin.create('/api/v1/nodes', { metadata: { name: 'still' } })
}, 60_000)
afterAll(async () => {
  admin?.stop()
  await cluster?.stop()
})

const paths = {
  service: `${core}/services/balanced`,
  'plain service': `${core}/services/plain`,
  pod: `${core}/pods/pod`,
  ingress: '/apis/networking.k8s.io/v1/namespaces/default/ingresses/ingress',
  node: '/api/v1/nodes/still',
  claim: `${core}/persistentvolumeclaims/claim`,
  budget: '/apis/policy/v1/namespaces/default/poddisruptionbudgets/budget',
} as const
type Kind = keyof typeof paths

/** Texts that are no addresses, the last ones as a reader of rules or of lists of addresses might take them. */
const noAddresses = [
  'x',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.256',
  '1.2.3.4/8',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '1.2.3.4\n-A INPUT -j ACCEPT',
  '1.2.3.4,5.6.7.8',
  '0x7f000001',
  '2130706433',
  'fe80::1%eth0',
  '[::1]',
  '::1::',
]

const ingressOf = (one: object): object => ({ loadBalancer: { ingress: [one] } })

describe('a status', () => {
  const withAddress: [what: string, kind: Kind, status: (ip: string) => object][] = [
    ['an ingress point of a Service', 'service', (ip) => ingressOf({ ip })],
    [
      'a second ingress point of a Service',
      'service',
      (ip) => ({ loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { ip }] } }),
    ],
    ['an ingress point of an Ingress', 'ingress', (ip) => ingressOf({ ip })],
    ['podIP of a Pod', 'pod', (ip) => ({ podIP: ip, podIPs: null })],
    ['podIPs of a Pod', 'pod', (ip) => ({ podIP: null, podIPs: [{ ip }] })],
    ['hostIPs of a Pod', 'pod', (ip) => ({ hostIP: ip, hostIPs: [{ ip }] })],
    ['an internal address of a Node', 'node', (ip) => ({ addresses: [{ type: 'InternalIP', address: ip }] })],
    ['an external address of a Node', 'node', (ip) => ({ addresses: [{ type: 'ExternalIP', address: ip }] })],
  ]
  it.each(withAddress)('takes addresses alone for %s', async (_, kind, status) => {
    for (const ip of noAddresses) {
      const answer = await admin.patch(`${paths[kind]}/status`, { status: status(ip) })
      expect(answer.code, `${JSON.stringify(ip)}: ${answer.outcome}`).toBe(422)
    }
    for (const ip of ['192.0.2.7', '2001:db8::7'])
      expect((await admin.patch(`${paths[kind]}/status`, { status: status(ip) })).outcome, ip).toBe('200')
  })

  const refused: [what: string, kind: Kind, status: object, message: RegExp][] = [
    ['a hostname with a space', 'service', ingressOf({ hostname: 'a b' }), /hostname: Invalid value/],
    ['a hostname with a line', 'service', ingressOf({ hostname: 'a\nb' }), /hostname: Invalid value/],
    ['a hostname that is an address', 'ingress', ingressOf({ hostname: '1.2.3.4' }), /must be a DNS name/],
    [
      'a port out of range',
      'service',
      ingressOf({ ip: '192.0.2.1', ports: [{ port: 70000, protocol: 'TCP' }] }),
      /ports\[0\]\.port/,
    ],
    [
      'a protocol of its own',
      'ingress',
      ingressOf({ ip: '192.0.2.1', ports: [{ port: 80, protocol: 'tcp' }] }),
      /ports\[0\]\.protocol/,
    ],
    ['a mode of its own', 'service', ingressOf({ ip: '192.0.2.1', ipMode: 'Other' }), /ipMode: Unsupported value/],
    ['a mode without an address', 'service', ingressOf({ hostname: 'a.example', ipMode: 'VIP' }), /ipMode: Forbidden/],
    ['a balancer of a Service without one', 'plain service', ingressOf({ ip: '192.0.2.1' }), /may only be used when/],
    [
      'two addresses of a family',
      'pod',
      { podIP: null, podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] },
      /no more than one IP/,
    ],
    ['a nominated node that is no name', 'pod', { nominatedNodeName: 'a b' }, /nominatedNodeName/],
    ['another class of service', 'pod', { qosClass: 'Guaranteed' }, /qosClass: Invalid value/],
    ['a claim that the pod has not', 'pod', { resourceClaimStatuses: [{ name: 'x' }] }, /must match the name/],
    [
      'a host name of a node with a line',
      'node',
      { addresses: [{ type: 'Hostname', address: 'a\nb' }] },
      /addresses\[0\]\.address/,
    ],
    [
      'an address of a node of no type',
      'node',
      { addresses: [{ type: 'Other', address: '10.0.0.1' }] },
      /addresses\[0\]\.type/,
    ],
    ['a capacity below nothing', 'claim', { capacity: { storage: '-1Gi' } }, /status\.capacity/],
    ['a state of its own', 'claim', { allocatedResourceStatuses: { storage: 'x' } }, /allocatedResourceStatuses/],
    ['a count below nothing', 'budget', { currentHealthy: -1 }, /currentHealthy/],
    [
      'a condition without a time',
      'budget',
      { conditions: [{ type: 'A', status: 'True', reason: 'R' }] },
      /lastTransitionTime/,
    ],
  ]
  it.each(refused)('refuses %s', async (_, kind, status, message) => {
    const answer = await admin.patch(`${paths[kind]}/status`, { status })
    expect(answer.status.message).toMatch(message)
    expect(answer.code).toBe(422)
  })

  it('of a Service loses its load balancer with the type', async () => {
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
    await admin.create(`${core}/services`, { metadata: { name: 'changing' }, spec })
    await admin.patch(`${core}/services/changing/status`, { status: ingressOf({ ip: '192.0.2.1' }) })
    await admin.patch(`${core}/services/changing`, { spec: { type: 'ClusterIP' } })
    expect((await admin.get(`${core}/services/changing`)).object.status).toEqual({ loadBalancer: {} })
  })

  it('of a Node is checked when the Node is created with it, too', async () => {
    const status = { addresses: [{ type: 'InternalIP', address: '1.2.3.4\n-A INPUT' }] }
    expect((await admin.create('/api/v1/nodes', { metadata: { name: 'bad' }, status })).code).toBe(422)
  })

  it('gives the mode of an address, and the single address of a list', async () => {
    await admin.patch(`${paths.service}/status`, { status: ingressOf({ ip: '192.0.2.1' }) })
    expect((await admin.get(paths.service)).object.status).toMatchObject(ingressOf({ ip: '192.0.2.1', ipMode: 'VIP' }))
    await admin.patch(`${paths.pod}/status`, { status: { podIP: null, podIPs: [{ ip: '192.0.2.8' }] } })
    expect((await admin.get(paths.pod)).object.status).toMatchObject({ podIP: '192.0.2.8' })
    await admin.patch(`${paths.pod}/status`, { status: { podIP: '192.0.2.9' } })
    expect((await admin.get(paths.pod)).object.status).toMatchObject({ podIPs: [{ ip: '192.0.2.9' }] })
  })
})

describe('endpoints', () => {
  const special = [
    '127.0.0.1',
    '127.255.0.9',
    '0.0.0.0',
    '169.254.169.254',
    '169.254.1.1',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
  ]
  const slice = (address: string): object => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { generateName: 's-' },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address] }],
    ports: [{ port: 80 }],
  })
  const endpoints = (ip: string, list = 'addresses'): object => ({
    metadata: { generateName: 'e-' },
    subsets: [{ [list]: [{ ip }], ports: [{ port: 80 }] }],
  })
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'

  it.each([...special, ...noAddresses])('do not lead to %j', async (address) => {
    expect((await admin.create(slices, slice(address))).code).toBe(422)
    for (const list of ['addresses', 'notReadyAddresses'])
      expect((await admin.create(`${core}/endpoints`, endpoints(address, list))).code).toBe(422)
    const external = { metadata: { generateName: 'x-' }, spec: { ports: [{ port: 80 }], externalIPs: [address] } }
    expect((await admin.create(`${core}/services`, external)).code).toBe(422)
  })

  it.each(['10.244.1.2', '192.0.2.1', '2001:db8::1'])('may lead to %s', async (address) => {
    expect((await admin.create(slices, slice(address))).outcome).toBe('201')
    expect((await admin.create(`${core}/endpoints`, endpoints(address))).outcome).toBe('201')
  })
})

it.each(['x', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/8\n', '10.0.0.0/8,10.1.0.0/16', '::/129'])(
  'a Node has no range %j',
  async (podCIDR) => {
    const answer = await admin.create('/api/v1/nodes', { metadata: { name: 'ranged' }, spec: { podCIDR } })
    expect(answer.outcome).toMatch(/^422 .*podCIDRs\[0\]/)
  },
)
