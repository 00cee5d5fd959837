import { describe, expect, it } from 'vitest'
import type { Service } from '#shared/kube/generated/types.ts'
import { actionFor, affinityMs, hostPortsText, loadBalancerStatus, readHostPorts, wantedPorts } from './decide.ts'

const service = (spec: object, metadata: object = {}): Service => ({
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
})
const finalizers = ['service.kubernetes.io/load-balancer-cleanup']

describe('what is done about a Service', () => {
  it.each([
    [{ type: 'LoadBalancer' }, {}, 'ensure'],
    [{ type: 'LoadBalancer', loadBalancerClass: 'slipway.dev/loopback' }, {}, 'ensure'],
    [{ type: 'LoadBalancer', loadBalancerClass: 'example.com/other' }, {}, 'ignore'],
    [{ type: 'LoadBalancer', loadBalancerClass: 'example.com/other' }, { finalizers }, 'ignore'],
    [{ type: 'ClusterIP' }, {}, 'ignore'],
    [{ type: 'ClusterIP' }, { finalizers }, 'release'],
    [{ type: 'LoadBalancer' }, { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' }, 'release'],
    [{ type: 'LoadBalancer' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'ignore'],
  ])('%j with %j: %s', (spec, metadata, action) => expect(actionFor(service(spec, metadata))).toBe(action))
})

describe('ports', () => {
  const ports = [{ port: 80 }, { port: 443, protocol: 'UDP', name: 'quic' }, { port: 53, protocol: 'SCTP', name: 'x' }]

  it('are those of TCP and UDP, with the port of the last run first', () => {
    const annotations = { 'slipway.dev/host-ports': '80/TCP=8080' }
    const wanted = wantedPorts(service({ ports }, { annotations }))
    expect(wanted.map(({ id, first }) => [id, first])).toEqual([
      ['80/TCP', [8080, 80]],
      ['443/UDP', [443]],
    ])
  })

  it.each(['', 'x', '80=1', '80/TCP=0', '80/TCP=65536', '80/TCP=-1', '80/ICMP=9', '80/TCP=1;rm'])(
    'of the annotation %j are left out',
    (text) => expect([...readHostPorts(text)]).toEqual([]),
  )

  it('are told in the status in the order of the Service, with what is not served', () => {
    const bound = new Map([
      ['80/TCP', 8080],
      ['443/UDP', 443],
    ])
    expect(hostPortsText(service({ ports }), bound)).toBe('80/TCP=8080')
    expect(loadBalancerStatus(service({ ports }), bound)).toEqual({
      ingress: [
        {
          ip: '127.0.0.1',
          ipMode: 'Proxy',
          ports: [
            { port: 8080, protocol: 'TCP' },
            { port: 443, protocol: 'UDP' },
            { port: 53, protocol: 'SCTP', error: 'ProtocolNotSupported' },
          ],
        },
      ],
    })
    expect(loadBalancerStatus(service({ ports: [{ port: 80 }] }), new Map()).ingress?.[0]?.ports).toEqual([
      { port: 80, protocol: 'TCP', error: 'PortNotAvailable' },
    ])
  })
})

it('keeps a client on its endpoint for as long as the Service says', () => {
  expect(affinityMs(service({}))).toBeUndefined()
  expect(affinityMs(service({ sessionAffinity: 'ClientIP' }))).toBe(10_800_000)
  const sessionAffinityConfig = { clientIP: { timeoutSeconds: 5 } }
  expect(affinityMs(service({ sessionAffinity: 'ClientIP', sessionAffinityConfig }))).toBe(5_000)
})
