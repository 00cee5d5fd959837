import { expect, test } from 'vitest'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import { hooks, renderRules, type RuleInput } from './rules.ts'

const service = (spec: Partial<Service['spec']>, name = 'web'): Service => ({
  metadata: { name, namespace: 'shop' },
  spec: { clusterIP: '10.96.3.4', ports: [{ port: 80, name: 'http' }], ...spec },
})
const slice = (...endpoints: EndpointSlice['endpoints'] & object[]): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
})
const input = (services: Service[], slices: EndpointSlice[] = []): RuleInput => ({
  services,
  slicesOf: () => slices,
  hostPorts: [],
  nodeName: 'w1',
  nodeIp: '172.18.0.2',
  apiPort: 6443,
  podCidr: '10.244.0.0/16',
  localIps: new Set(['10.96.0.10']),
})
const two = slice({ addresses: ['10.244.1.5'], nodeName: 'w1' }, { addresses: ['10.244.2.7'], nodeName: 'w2' })

test('spreads a cluster address over its ready endpoints', () => {
  const { text } = renderRules(input([service({})], [two]))
  expect(text).toMatch(/-A SLIPWAY-SERVICES -d 10\.96\.3\.4\/32 -p tcp --dport 80 -j SLIP-SVC-\w{16}\n/)
  expect(text).toContain('--probability 0.5000000000')
  expect(text).toContain('-j DNAT --to-destination 10.244.1.5:8080')
  expect(text).toContain('-j DNAT --to-destination 10.244.2.7:8080')
})

test('an endpoint that is not ready gets nothing, unless it still serves while nothing else is ready', () => {
  const ending = { addresses: ['10.244.1.9'], conditions: { ready: false, serving: true, terminating: true } }
  const starting = { addresses: ['10.244.1.8'], conditions: { ready: false, serving: false } }
  expect(renderRules(input([service({})], [slice({ addresses: ['10.244.1.5'] }, ending, starting)])).text).not.toMatch(
    /1\.[89]:8080/,
  )
  const alone = renderRules(input([service({})], [slice(ending, starting)])).text
  expect(alone).toContain('10.244.1.9:8080')
  expect(alone).not.toContain('10.244.1.8:8080')
})

test('a service without endpoints is refused, not left to time out', () => {
  expect(renderRules(input([service({})])).text).toContain(
    '-A SLIPWAY-REJECT -d 10.96.3.4/32 -p tcp --dport 80 -j REJECT --reject-with tcp-reset',
  )
})

test('node ports masquerade, except with externalTrafficPolicy Local, which keeps to this node', () => {
  const ports = [{ port: 80, name: 'http', nodePort: 30080 }]
  const spread = renderRules(input([service({ ports })], [two])).text
  expect(spread).toMatch(/-A SLIPWAY-NODEPORTS -p tcp --dport 30080 -j SLIP-EXT-/)
  expect(spread).toMatch(/-A SLIP-EXT-\w+ -j SLIPWAY-MARK/)
  const local = renderRules(input([service({ ports, externalTrafficPolicy: 'Local' })], [two])).text
  const external = local.split('\n').filter((line) => line.includes('SLIP-EXT-'))
  expect(external.some((line) => line.endsWith('SLIPWAY-MARK'))).toBe(false)
  expect(external.filter((line) => /-A SLIP-EXT-\w+ -j SLIP-SEP/.test(line))).toHaveLength(1)
})

test('session affinity remembers who came', () => {
  const { text } = renderRules(input([service({ sessionAffinity: 'ClientIP' })], [two]))
  expect(text).toMatch(/-m recent --name SLIP-SEP-\w+ --rcheck --seconds 10800 --reap/)
  expect(text).toMatch(/-m recent --name SLIP-SEP-\w+ --set -j DNAT/)
})

test('kubernetes leads to this node, DNS and headless services to nothing', () => {
  const kubernetes: Service = {
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 443 }] },
  }
  const { text } = renderRules(
    input([kubernetes, service({ clusterIP: '10.96.0.10' }, 'dns'), service({ clusterIP: 'None' }, 'head')]),
  )
  expect(text).toContain('DNAT --to-destination 172.18.0.2:6443')
  expect(text).not.toContain('10.96.0.10')
  expect(text).not.toContain('None')
})

test('chains of services that have gone are emptied and removed', () => {
  const before = renderRules(input([service({})], [two]))
  const after = renderRules(input([]), before.chains)
  for (const chain of before.chains) {
    expect(after.text).toContain(`:${chain} - [0:0]`)
    expect(after.text).toContain(`-X ${chain}`)
  }
})

test('host ports lead to the pod', () => {
  const { text } = renderRules({
    ...input([]),
    hostPorts: [{ ip: '10.244.1.5', port: { hostIp: '', hostPort: 8000, containerPort: 80, protocol: 'TCP' } }],
  })
  expect(text).toContain('-A SLIPWAY-HOSTPORTS -p tcp --dport 8000 -j DNAT --to-destination 10.244.1.5:80')
})

test('a pod that reaches itself by a host port comes from its node', () => {
  const { text } = renderRules({
    ...input([]),
    hostPorts: [{ ip: '10.244.1.5', port: { hostIp: '0.0.0.0', hostPort: 8000, containerPort: 80, protocol: 'TCP' } }],
  })
  const lines = text.split('\n')
  const marked = lines.indexOf('-A SLIPWAY-HOSTPORTS -s 10.244.1.5/32 -p tcp --dport 8000 -j SLIPWAY-MARK')
  expect(marked).toBeGreaterThan(0)
  expect(lines[marked + 1]).toMatch(/-j DNAT/)
})

test('what is refused is refused before pods are let through', () => {
  const forward = hooks.filter.filter(([from]) => from === 'FORWARD').map(([, to]) => to)
  // Each is put first, so the last one stands first.
  expect(forward.at(-1)).toBe('SLIPWAY-REJECT')
})
