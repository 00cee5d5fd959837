import { describe, expect, test } from 'vitest'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { createRuleRenderer, hooks, renderRules, restoreInput, stalePaths, type RuleInput } from './rules.ts'

const service = (spec: Partial<Service['spec']>, name = 'web'): Stored<Service> =>
  stored({
    metadata: { name, namespace: 'shop' },
    spec: { clusterIP: '10.96.3.4', ports: [{ port: 80, name: 'http' }], ...spec },
  })
const slice = (...endpoints: EndpointSlice['endpoints'] & object[]): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
})
const input = (services: Stored<Service>[], slices: EndpointSlice[] = []): RuleInput => ({
  services,
  slicesOf: () => slices,
  hostPorts: [],
  nodeName: 'w1',
  nodeIp: '172.18.0.2',
  apiPort: 6443,
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  localIps: new Set(['10.96.0.10']),
})
const two = slice({ addresses: ['10.244.1.5'], nodeName: 'w1' }, { addresses: ['10.244.2.7'], nodeName: 'w2' })

const textOf = (rules: RuleInput): string => restoreInput(renderRules(rules))

test('balances a cluster IP over its ready endpoints', () => {
  const text = textOf(input([service({})], [two]))
  expect(text).toMatch(/-A SLIPWAY-RANGE-10-96-3 -d 10\.96\.3\.4\/32 -p tcp --dport 80 -j SLIP-SVC-\w{16}\n/)
  expect(text).toContain('--probability 0.5000000000')
  expect(text).toContain('-j DNAT --to-destination 10.244.1.5:8080')
  expect(text).toContain('-j DNAT --to-destination 10.244.2.7:8080')
})

test('an endpoint that is not ready gets no traffic, unless it is serving and terminating and no other is ready', () => {
  const ending = { addresses: ['10.244.1.9'], conditions: { ready: false, serving: true, terminating: true } }
  const starting = { addresses: ['10.244.1.8'], conditions: { ready: false, serving: false } }
  expect(textOf(input([service({})], [slice({ addresses: ['10.244.1.5'] }, ending, starting)]))).not.toMatch(
    /1\.[89]:8080/,
  )
  const alone = textOf(input([service({})], [slice(ending, starting)]))
  expect(alone).toContain('10.244.1.9:8080')
  expect(alone).not.toContain('10.244.1.8:8080')
})

test('connections to a service without endpoints are rejected instead of timing out', () => {
  expect(textOf(input([service({})]))).toContain(
    '-A SLIPWAY-REJECT -d 10.96.3.4/32 -p tcp --dport 80 -j REJECT --reject-with tcp-reset',
  )
})

test('ports of cluster IPs that no Service has are rejected after all others, but for those of this node itself', () => {
  const text = textOf(input([service({})]))
  const last = '-d 10.96.0.0/16 -m addrtype ! --dst-type LOCAL -j REJECT --reject-with icmp-port-unreachable'
  expect(
    text
      .split('\n')
      .filter((line) => line.startsWith('-A SLIPWAY-REJECT'))
      .at(-1),
  ).toBe(`-A SLIPWAY-REJECT ${last}`)
})

test('node ports masquerade, except with externalTrafficPolicy Local, which uses endpoints of this node', () => {
  const ports = [{ port: 80, name: 'http', nodePort: 30080 }]
  const spread = textOf(input([service({ ports })], [two]))
  expect(spread).toMatch(/-A SLIPWAY-NODEPORTS -p tcp --dport 30080 -j SLIP-EXT-/)
  expect(spread).toMatch(/-A SLIP-EXT-\w+ -j SLIPWAY-MARK/)
})

describe('externalTrafficPolicy Local', () => {
  const ports = [{ port: 80, name: 'http', nodePort: 30080 }]
  const outer = service({ ports, externalTrafficPolicy: 'Local', externalIPs: ['192.0.2.7'] })
  const linesOf = (rules: RuleInput): string[] => textOf(rules).split('\n')

  test('uses endpoints of this node and keeps the address of clients, except for pods and the node itself', () => {
    const external = linesOf(input([outer], [two])).filter((line) => line.startsWith('-A SLIP-EXT-'))
    expect(external).toEqual([
      expect.stringMatching(/ -s 10\.244\.0\.0\/16 -j SLIP-SVC-/),
      expect.stringMatching(/ -m addrtype --src-type LOCAL -j SLIPWAY-MARK$/),
      expect.stringMatching(/ -m addrtype --src-type LOCAL -j SLIP-SVC-/),
      expect.stringMatching(/^-A SLIP-EXT-\w+ -j SLIP-SVL-/),
    ])
    expect(linesOf(input([outer], [two])).filter((line) => line.startsWith('-A SLIP-SVL-'))).toHaveLength(1)
  })

  test('drops on a node without endpoints where others have some, and refuses where none has', () => {
    const elsewhere = slice({ addresses: ['10.244.2.7'], nodeName: 'w2' })
    const rejections = (rules: RuleInput): string[] =>
      linesOf(rules).filter((line) => line.startsWith('-A SLIPWAY-REJECT') && !line.includes('-d 10.96.0.0/16'))
    expect(rejections(input([outer], [elsewhere]))).toEqual([
      '-A SLIPWAY-REJECT -d 192.0.2.7/32 -p tcp --dport 80 -j DROP',
      '-A SLIPWAY-REJECT -p tcp --dport 30080 -m addrtype --dst-type LOCAL -j DROP',
    ])
    expect(rejections(input([outer], [])).every((line) => line.includes('-j REJECT'))).toBe(true)
    // Pods of this node still reach the others.
    expect(textOf(input([outer], [elsewhere]))).toMatch(/-A SLIP-EXT-\w+ -s 10\.244\.0\.0\/16 -j SLIP-SVC-/)
  })
})

test('internalTrafficPolicy Local uses endpoints of this node, and drops where only others have some', () => {
  const inner = service({ internalTrafficPolicy: 'Local' })
  const own = textOf(input([inner], [two]))
  expect(own).toContain('10.244.1.5:8080')
  expect(own).not.toContain('10.244.2.7')
  const elsewhere = slice({ addresses: ['10.244.2.7'], nodeName: 'w2' })
  expect(textOf(input([inner], [elsewhere]))).toContain('-d 10.96.3.4/32 -p tcp --dport 80 -j DROP')
  expect(textOf(input([inner], []))).toContain('--dport 80 -j REJECT')
})

test('health checks of policy Local count ready endpoints of this node', () => {
  const checks = (...endpoints: EndpointSlice['endpoints'] & object[]): object =>
    Object.fromEntries(
      renderRules(
        input([service({ externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 })], [slice(...endpoints)]),
      ).healthChecks,
    )
  const ending = { ready: false, serving: true, terminating: true }
  const here = { addresses: ['10.244.1.5'], nodeName: 'w1' }
  const elsewhere = { addresses: ['10.244.2.7'], nodeName: 'w2' }
  expect(checks(here, elsewhere)).toEqual({ 32_000: { namespace: 'shop', name: 'web', localEndpoints: 1 } })
  expect(checks({ ...here, conditions: ending }, elsewhere)).toMatchObject({ 32_000: { localEndpoints: 0 } })
})

test('one port with two protocols has endpoints for each', () => {
  const ports = [
    { port: 80, name: 'a', protocol: 'TCP' },
    { port: 80, name: 'b', protocol: 'UDP' },
  ]
  const both = {
    ...two,
    ports: [
      { name: 'a', port: 8080 },
      { name: 'b', port: 9090, protocol: 'UDP' },
    ],
  }
  const text = textOf(input([service({ ports })], [both]))
  expect(text).toMatch(/-d 10\.96\.3\.4\/32 -p udp --dport 80 -j SLIP-SVC-/)
  expect(text).toContain('-p tcp -j DNAT --to-destination 10.244.2.7:8080')
  expect(text).toContain('-p udp -j DNAT --to-destination 10.244.2.7:9090')
})

test.each(['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'])(
  'a service with the label %s has no rules until the label is gone',
  (label) => {
    const web = service({})
    const labelled = stored<Service>({ ...web, metadata: { ...web.metadata, labels: { [label]: '' } } })
    expect(textOf(input([labelled], [two]))).not.toContain('10.96.3.4')
    expect(textOf(input([web], [two]))).toContain('10.96.3.4')
  },
)

test.each(['old', 'new'])('a service that is created again as %j with the same address gets its endpoints', (name) => {
  const again = input([service({}, name)], [two])
  const render = createRuleRenderer()
  const first = render(input([service({}, 'old')], [two]))
  const none = render(input([]))
  // Both changes in one write, and in two.
  for (const before of [first, none]) {
    const after = render(again)
    const chain = /-d 10\.96\.3\.4\/32 -p tcp --dport 80 -j (SLIP-SVC-\w+)/.exec(restoreInput(after))?.[1] ?? ''
    expect(after.nat.get(chain)?.join('\n')).toMatch(/-p tcp -m statistic .*-j DNAT/)
    const written = restoreInput(after, before)
    expect(written).not.toContain(`-X ${chain}`)
    if (name === 'new' || before === none) expect(written).toContain(`-A ${chain} -p tcp`)
  }
})

test('session affinity records clients', () => {
  const text = textOf(input([service({ sessionAffinity: 'ClientIP' })], [two]))
  expect(text).toMatch(/-m recent --name SLIP-SEP-\w+ --rcheck --seconds 10800 --reap/)
  expect(text).toMatch(/-m recent --name SLIP-SEP-\w+ --set -j DNAT/)
})

test('kubernetes leads to this node; DNS and headless services get no rules', () => {
  const kubernetes = stored<Service>({
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 443 }] },
  })
  const text = textOf(
    input([kubernetes, service({ clusterIP: '10.96.0.10' }, 'dns'), service({ clusterIP: 'None' }, 'head')]),
  )
  expect(text).toContain('DNAT --to-destination 172.18.0.2:6443')
  expect(text).not.toContain('10.96.0.10')
  expect(text).not.toContain('None')
})

test('chains of deleted services are flushed and removed', () => {
  const before = renderRules(input([service({ sessionAffinity: 'ClientIP' })], [two]))
  const after = restoreInput(renderRules(input([])), before)
  const gone = [...before.nat.keys()].filter((chain) => /^SLIP-/.test(chain))
  expect(gone).toHaveLength(3)
  for (const chain of gone) {
    expect(after).toContain(`:${chain} - [0:0]`)
    expect(after).toContain(`-X ${chain}`)
  }
})

test('only changed chains are written', () => {
  const other = (name: string, clusterIP: string): Stored<Service> => service({ clusterIP }, name)
  const slicesOf = (_: string, name: string): EndpointSlice[] =>
    name === 'web' ? [two] : [slice({ addresses: ['10.244.9.9'] })]
  const before = renderRules({ ...input([other('web', '10.96.3.4'), other('api', '10.96.3.5')]), slicesOf })
  expect(restoreInput(before, before)).toBe('')
  const fewer = [slice({ addresses: ['10.244.1.5'], nodeName: 'w1' })]
  const after = renderRules({
    ...input([other('web', '10.96.3.4'), other('api', '10.96.3.5')]),
    slicesOf: (namespace, name) => (name === 'web' ? fewer : slicesOf(namespace, name)),
  })
  const text = restoreInput(after, before)
  expect(text.match(/^:.*$/gm)).toEqual([expect.stringMatching(/^:SLIP-SVC-/)])
  expect(text).not.toContain('*filter')
})

test('a renderer that is asked again keeps what has not changed', () => {
  const render = createRuleRenderer()
  const web = service({})
  const slices = [two]
  const first = render(input([web], slices))
  const chain = [...first.nat.keys()].find((name) => name.startsWith('SLIP-SVC-')) ?? ''
  expect(render(input([web], [two])).nat.get(chain)).toBe(first.nat.get(chain))
  expect(restoreInput(render(input([web, service({ clusterIP: '10.96.9.9' }, 'api')], [two])), first)).not.toContain(
    'SLIPWAY-RANGE-10-96-3 - ',
  )
  const changed = render(input([web], [slice({ addresses: ['10.244.1.6'] })]))
  expect(changed.nat.get(chain)?.join()).toContain('10.244.1.6:8080')
  expect(render({ ...input([web], slices), zone: 'a' }).nat.get(chain)).not.toBe(changed.nat.get(chain))
})

test('a pod that reaches itself through a service is masqueraded, and no pod of another node', () => {
  const text = textOf(input([service({})], [two]))
  expect(text).toContain('-A SLIPWAY-POSTROUTING -s 10.244.1.5/32 -d 10.244.1.5/32 -j MASQUERADE')
  expect(text).not.toContain('-s 10.244.2.7/32')
})

test('UDP conntrack entries are deleted for removed endpoints, and when a service gets its first endpoint', () => {
  const ports = [{ port: 53, protocol: 'UDP', nodePort: 30053 }]
  const at = (...ips: string[]) =>
    renderRules(
      input(
        [service({ ports })],
        [{ ...slice(...ips.map((ip) => ({ addresses: [ip] }))), ports: [{ port: 53, protocol: 'UDP' }] }],
      ),
    ).udp
  expect(stalePaths(at('10.244.1.5'), at('10.244.1.5', '10.244.2.7'))).toEqual([
    ['--orig-dst', '10.96.3.4', '--dst-nat', '10.244.2.7'],
    ['--orig-port-dst', '30053', '--dst-nat', '10.244.2.7'],
  ])
  expect(stalePaths(at('10.244.1.5'), at())).toEqual([
    ['--orig-dst', '10.96.3.4'],
    ['--orig-port-dst', '30053'],
  ])
  expect(stalePaths(at('10.244.1.5'), at('10.244.1.5'))).toEqual([])
})

test('host ports lead to their pod', () => {
  const text = textOf({
    ...input([]),
    hostPorts: [{ ip: '10.244.1.5', port: { hostIp: '', hostPort: 8000, containerPort: 80, protocol: 'TCP' } }],
  })
  expect(text).toContain('-A SLIPWAY-HOSTPORTS -p tcp --dport 8000 -j DNAT --to-destination 10.244.1.5:80')
})

test('a pod that connects to itself through a host port is masqueraded', () => {
  const text = textOf({
    ...input([]),
    hostPorts: [{ ip: '10.244.1.5', port: { hostIp: '0.0.0.0', hostPort: 8000, containerPort: 80, protocol: 'TCP' } }],
  })
  const lines = text.split('\n')
  const marked = lines.indexOf('-A SLIPWAY-HOSTPORTS -s 10.244.1.5/32 -p tcp --dport 8000 -j SLIPWAY-MARK')
  expect(marked).toBeGreaterThan(0)
  expect(lines[marked + 1]).toMatch(/-j DNAT/)
})

test('rejections come before pod traffic is accepted', () => {
  const forward = hooks.filter.filter(([from]) => from === 'FORWARD').map(([, to]) => to)
  // Each is inserted first, so the last one ends up first.
  expect(forward.at(-1)).toBe('SLIPWAY-REJECT')
})

describe('rules of IPv6', () => {
  const six = { family: 'IPv6', podCidr: 'fd00:10:244::/56', serviceCidr: 'fd00:10:96::/112' } as const
  const both = { clusterIPs: ['10.96.3.4', 'fd00:10:96::3:4'], ports: [{ port: 80, name: 'http', nodePort: 30_080 }] }
  const slices: EndpointSlice[] = [two, { ...slice({ addresses: ['fd00:10:244:1::5'] }), addressType: 'IPv6' }]
  const hostPort = { hostIp: '', hostPort: 8000, containerPort: 80, protocol: 'TCP' }
  const hostPorts = ['10.244.1.5', 'fd00:10:244:1::5'].map((ip) => ({ ip, port: hostPort }))

  test('name addresses of that family alone, as ip6tables writes them', () => {
    const text = textOf({ ...input([service(both)], slices), ...six, hostPorts })
    expect(text).toMatch(/-A SLIPWAY-RANGE-[\dA-F]{12} -d fd00:10:96::3:4\/128 -p tcp --dport 80 -j SLIP-SVC/)
    expect(text).toMatch(/-A SLIPWAY-SERVICES -d fd00:10:96::3:0\/120 -j SLIPWAY-RANGE-[\dA-F]{12}\n/)
    expect(text).toContain('-j DNAT --to-destination [fd00:10:244:1::5]:8080')
    expect(text).toContain('-p tcp --dport 8000 -j DNAT --to-destination [fd00:10:244:1::5]:80')
    expect(text).toContain('! -d ::1/128 -m addrtype --dst-type LOCAL -j SLIPWAY-NODEPORTS')
    expect(text).toContain('-j REJECT --reject-with icmp6-port-unreachable')
    expect(text).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
    for (const [chain] of text.matchAll(/SLIP[A-Z\d-]+/g)) expect(chain.length).toBeLessThanOrEqual(28)
    expect(textOf({ ...input([service(both)], slices), hostPorts })).not.toContain('::')
  })

  test('are none for a Service of IPv4 alone, nor for the API server', () => {
    expect(textOf({ ...input([service({ clusterIPs: ['10.96.3.4'] })], slices), ...six })).not.toContain('DNAT')
  })
})
