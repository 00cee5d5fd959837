import { describe, expect, it } from 'vitest'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { service } from './index.ts'

const simple = { metadata: { name: 's', namespace: 'ns' }, spec: { ports: [{ port: 80 }] } }

describe('defaults of a service', () => {
  it('set the fields of a minimal service', () => {
    expect(defaulted(service, simple).spec).toEqual({
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    })
  })

  it('set the external traffic policy to Cluster', () => {
    expect(defaulted(service, change(simple, { 'spec.type': 'LoadBalancer' })).spec).toMatchObject({
      allocateLoadBalancerNodePorts: true,
      externalTrafficPolicy: 'Cluster',
    })
  })

  it('set the session affinity timeout to three hours', () => {
    expect(defaulted(service, change(simple, { 'spec.sessionAffinity': 'ClientIP' })).spec).toMatchObject({
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    })
  })
})

it('an external name has no policy of traffic within the cluster', () => {
  const external = change(simple, { 'spec.type': 'ExternalName', 'spec.internalTrafficPolicy': 'Local' })
  service.prepareForCreate?.(external)
  expect(external.spec).not.toHaveProperty('internalTrafficPolicy')
})

describe('a service is refused', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['without ports', { 'spec.ports': [] }, ['spec.ports: Required value']],
    [
      'with an unknown type',
      { 'spec.type': 'Cloud' },
      [
        'spec.type: Unsupported value: "Cloud": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      'with nameless ports',
      { 'spec.ports': [{ port: 80 }, { port: 81 }] },
      ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
    ],
    [
      'with a duplicate port',
      {
        'spec.ports': [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
      [
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      'with an invalid target port',
      { 'spec.ports': [{ port: 80, targetPort: 70000 }] },
      ['spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'with a node port and type ClusterIP',
      { 'spec.ports': [{ port: 80, nodePort: 30000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'with an invalid address',
      { 'spec.clusterIP': 'here', 'spec.clusterIPs': ['here'] },
      ['spec.clusterIPs[0]: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      'when headless with node ports',
      { 'spec.type': 'NodePort', 'spec.clusterIP': 'None', 'spec.clusterIPs': ['None'] },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
    ],
    [
      'when external without a name',
      { 'spec.type': 'ExternalName', 'spec.ports': undefined },
      ['spec.externalName: Required value'],
    ],
    [
      'with a loopback external IP',
      { 'spec.externalIPs': ['127.0.0.1'] },
      ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ],
    [
      'with an external traffic policy and type ClusterIP',
      { 'spec.externalTrafficPolicy': 'Local' },
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(service, change(simple, changes))).toEqual(errors)
  })
})

it('cannot change its cluster IP', () => {
  const stored = change(simple, { 'spec.clusterIP': '10.96.0.5', 'spec.clusterIPs': ['10.96.0.5'] })
  const moved = change(stored, { 'spec.clusterIP': '10.96.0.6', 'spec.clusterIPs': ['10.96.0.6'] })
  expect(updateFindings(service, moved, stored)).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set',
  ])
  expect(updateFindings(service, change(stored, { 'spec.selector': { a: 'b' } }), stored)).toEqual([])
})

it('cannot change its families, unless it is headless', () => {
  const both = { 'spec.ipFamilies': ['IPv4', 'IPv6'], 'spec.ipFamilyPolicy': 'RequireDualStack' }
  const addresses = { 'spec.clusterIP': '10.96.0.5', 'spec.clusterIPs': ['10.96.0.5', 'fd00::5'] }
  const stored = change(simple, { ...both, ...addresses })
  const turned = ['IPv6', 'IPv4']
  const refusal = 'spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set'
  expect(updateFindings(service, change(stored, { 'spec.ipFamilies': turned }), stored)).toEqual(
    expect.arrayContaining([refusal, refusal]),
  )
  const headless = change(stored, { 'spec.clusterIP': 'None', 'spec.clusterIPs': ['None'] })
  expect(updateFindings(service, change(headless, { 'spec.ipFamilies': turned }), headless)).toEqual([])
})

it('must have a valid DNS label as its name', () => {
  expect(service.validateName?.('1a')).toEqual([])
  expect(service.validateName?.('a.b')).not.toEqual([])
  expect(service.validateName?.('a-1')).toEqual([])
})

it.each<[Record<string, unknown>, Record<string, unknown>]>([
  [
    { 'spec.type': 'ClusterIP', 'spec.clusterIP': '10.96.0.5', 'spec.selector': { b: '2', a: '1' } },
    { Type: 'ClusterIP', 'Cluster-IP': '10.96.0.5', 'External-IP': '<none>', 'Port(s)': '80/TCP', Selector: 'a=1,b=2' },
  ],
  [
    {
      'spec.type': 'NodePort',
      'spec.clusterIP': 'None',
      'spec.ports': [{ port: 53, nodePort: 30053, protocol: 'UDP' }],
    },
    { 'Cluster-IP': 'None', 'Port(s)': '53:30053/UDP', Selector: '<none>' },
  ],
  [{ 'spec.type': 'LoadBalancer' }, { 'Cluster-IP': '<none>', 'External-IP': '<pending>' }],
  [
    { 'spec.type': 'LoadBalancer', status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } } },
    { 'External-IP': '127.0.0.1' },
  ],
  [
    { 'spec.type': 'ExternalName', 'spec.externalName': 'example.com', 'spec.ports': [] },
    { 'External-IP': 'example.com', 'Port(s)': '<none>' },
  ],
])('is printed as kubectl prints it: %j', (changes, expected) => {
  expect(cells(service, change(simple, changes))).toMatchObject(expected)
})
