import { describe, expect, it } from 'vitest'
import type { EndpointSlice } from '#shared/kube/generated/types.ts'
import { authorityOf, endpointsOf, servicePortOf } from './endpoints.ts'

const slice = (endpoints: object[], ports: object[] = [{ name: '', port: 8080, protocol: 'TCP' }]): EndpointSlice =>
  ({ metadata: {}, addressType: 'IPv4', endpoints, ports }) as unknown as EndpointSlice
const at = (address: string, conditions?: object, nodeName: string | undefined = 'w1') => ({
  addresses: [address],
  conditions,
  nodeName,
})

describe('endpoints of a Service port', () => {
  it('are the ready ones, of all slices', () => {
    const slices = [
      slice([at('10.244.0.1', { ready: true }), at('10.244.0.2', { ready: false, serving: true, terminating: true })]),
      slice([at('10.244.0.3')]),
    ]
    expect(endpointsOf({ port: 80 }, slices).map(({ host }) => host)).toEqual(['10.244.0.1', '10.244.0.3'])
  })

  it('are those that serve while they terminate, where none is ready', () => {
    const slices = [
      slice([
        at('10.244.0.1', { ready: false, serving: false, terminating: true }),
        at('10.244.0.2', { ready: false, serving: true, terminating: true }),
        at('10.244.0.4', { ready: false, serving: false, terminating: false }),
      ]),
    ]
    expect(endpointsOf({ port: 80 }, slices).map(({ host }) => host)).toEqual(['10.244.0.2'])
  })

  it('are found by name and protocol of the port, and need a node', () => {
    const slices = [
      slice(
        [at('10.244.0.1'), { addresses: ['10.244.0.9'] }],
        [
          { name: 'a', port: 1 },
          { name: 'b', port: 2 },
        ],
      ),
    ]
    expect(endpointsOf({ port: 80, name: 'b' }, slices)).toEqual([{ node: 'w1', host: '10.244.0.1', port: 2 }])
    expect(endpointsOf({ port: 80, name: 'b', protocol: 'UDP' }, slices)).toEqual([])
    expect(endpointsOf({ port: 80 }, slices)).toEqual([])
  })
})

it('writes IPv6 in brackets', () => {
  expect(authorityOf({ node: 'w', host: 'fd00::1', port: 80 })).toBe('[fd00::1]:80')
  expect(authorityOf({ node: 'w', host: '10.0.0.1', port: 80 })).toBe('10.0.0.1:80')
})

it('finds a port of a Service by name or number', () => {
  const service = { metadata: {}, spec: { ports: [{ port: 80, name: 'http' }, { port: 443 }] } }
  expect(servicePortOf(service, { name: 'http' })?.port).toBe(80)
  expect(servicePortOf(service, { number: 443 })?.port).toBe(443)
  expect(servicePortOf(service, { name: 'x' })).toBeUndefined()
  expect(servicePortOf(service, {})).toBeUndefined()
})
