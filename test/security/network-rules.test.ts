import { describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import { startProxy } from '#agent/proxy/index.ts'
import { renderRules, restoreInput, type RuleInput } from '#agent/proxy/rules.ts'
import { hostsFile, resolvConf } from '#agent/kubelet/pod-files.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog, type Log } from '#shared/base/log.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { EndpointSlice, Pod, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'

const injected = '10.0.0.9/32 -j ACCEPT\n-A INPUT -j ACCEPT\nCOMMIT\n*filter'
/** What stands in a field that should hold an address. */
const noAddresses = [
  injected,
  '10.0.0.9\n-A SLIPWAY-FORWARD -j DROP',
  '10.0.0.9 -j ACCEPT',
  '0/0',
  '10.0.0.0/8',
  '!10.0.0.9',
  '-d',
  'localhost',
  '2130706433',
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.1',
  '',
]

const web = (change: Partial<Service> = {}): Stored<Service> =>
  stored<Service>({
    metadata: { name: 'web', namespace: 'shop' },
    spec: { clusterIP: '10.96.3.4', ports: [{ port: 80, name: 'http', nodePort: 30_080 }] },
    ...change,
  })
const slice = (address: string, port: unknown = 8080): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [{ name: 'http', port: port as number }],
  endpoints: [{ addresses: [address] }],
})
const input = (change: Partial<RuleInput>): RuleInput => ({
  services: [web()],
  slicesOf: () => [slice('10.244.1.5')],
  hostPorts: [],
  nodeName: 'w1',
  nodeIp: '172.18.0.2',
  apiPort: 6443,
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  localIps: new Set(['10.96.0.10']),
  ...change,
})

/** Every line that `iptables-restore` may be given, whole. */
const address = '\\d{1,3}(?:\\.\\d{1,3}){3}'
const line = new RegExp(
  [
    '\\*(?:nat|filter)',
    'COMMIT',
    ':SLIP[A-Z0-9-]+ - \\[0:0\\]',
    '-X SLIP[A-Z0-9-]+',
    `-A SLIP[A-Z0-9-]+(?: ! (?=-))?(?: (?:!|-[sd] ${address}/(?:32|24|16)|-p (?:tcp|udp|sctp)|--dport \\d{1,5}|-m [a-z]+|--[a-z-]+|[A-Za-z0-9./-]+|${address}:\\d{1,5}))*`,
  ]
    .map((form) => `(?:${form})`)
    .join('|')
    .replace(/^/, '^(?:')
    .replace(/$/, ')$'),
)

function rendered(change: Partial<RuleInput>): { text: string; ignored: string[] } {
  const rules = renderRules(input(change))
  const text = restoreInput(rules)
  for (const each of text.split('\n').slice(0, -1)) expect(each).toMatch(line)
  expect(text).not.toMatch(/INPUT|DROP|localhost|127\.|169\.254|-d 0|224\./)
  expect(text.match(/^COMMIT$/gm)?.length).toBe(2)
  return { text, ignored: rules.ignored }
}

describe('the rules of Services are rendered from parsed values alone', () => {
  test('what is well is rendered', () => {
    const ingress = { loadBalancer: { ingress: [{ ip: '172.18.0.9' }] } }
    const { text, ignored } = rendered({ services: [web({ status: ingress })] })
    expect(ignored).toEqual([])
    expect(text).toContain('-d 172.18.0.9/32 -p tcp --dport 80')
  })

  test.each(noAddresses.filter(Boolean))('status.loadBalancer.ingress[].ip %j is ignored, and said so', (ip) => {
    const { text, ignored } = rendered({ services: [web({ status: { loadBalancer: { ingress: [{ ip }] } } })] })
    expect(text).toContain('-d 10.96.3.4/32')
    expect(ignored).toHaveLength(1)
    expect(ignored[0]).toContain('shop/web: status.loadBalancer.ingress.ip')
  })

  test.each(noAddresses)('externalIPs %j is ignored', (ip) => {
    const { spec } = web()
    const { text, ignored } = rendered({ services: [web({ spec: { ...spec, externalIPs: [ip] } })] })
    expect(text).toContain('-d 10.96.3.4/32')
    expect(ignored).toHaveLength(1)
  })

  test.each(noAddresses)('a service with the clusterIP %j has no rules', (clusterIP) => {
    const { text } = rendered({ services: [web({ spec: { ...web().spec, clusterIP } })] })
    expect(text).not.toContain('--dport 80 ')
  })

  test.each(noAddresses)('an endpoint at %j is left out', (ip) => {
    const { text } = rendered({ slicesOf: () => [slice(ip), slice('10.244.1.5')] })
    expect(new Set(text.match(/--to-destination .*/g))).toEqual(new Set(['--to-destination 10.244.1.5:8080']))
  })

  test.each(['80 -j ACCEPT', '80\n-A INPUT -j ACCEPT', 0, -1, 65_536, 1.5, null, Number.NaN])(
    'the port %j is left out, wherever it stands',
    (port) => {
      const ports = [{ port: port as number, name: 'http' }]
      expect(rendered({ services: [web({ spec: { ...web().spec, ports } })] }).text).not.toContain('--to-destination')
      const nodePort = [{ port: 80, name: 'http', nodePort: port as number }]
      const node = rendered({ services: [web({ spec: { ...web().spec, ports: nodePort } })] })
      expect(node.text).not.toContain('SLIP-EXT')
      expect(rendered({ slicesOf: () => [slice('10.244.1.5', port)] }).text).not.toContain('--to-destination')
    },
  )

  test.each(['ICMP', 'tcp -j ACCEPT', 'TCP\n-A INPUT -j ACCEPT', 6, 'constructor'])(
    'the protocol %j is left out',
    (value) => {
      const ports = [{ port: 80, name: 'http', protocol: value as string }]
      expect(rendered({ services: [web({ spec: { ...web().spec, ports } })] }).text).not.toContain('--to-destination')
    },
  )

  test('names of any form are hashed', () => {
    const services = [web({ metadata: { name: 'a -j ACCEPT\nCOMMIT', namespace: '\n-X' } })]
    expect(rendered({ services }).text).toContain('--to-destination 10.244.1.5:8080')
  })

  test.each(['1e9', '60 --name x', -1, 10 ** 12])('session affinity of %j seconds cannot break a rule', (timeout) => {
    const sessionAffinityConfig = { clientIP: { timeoutSeconds: timeout as number } }
    const spec = { ...web().spec, sessionAffinity: 'ClientIP', sessionAffinityConfig }
    const { text } = rendered({ services: [web({ spec })] })
    for (const [, seconds] of text.matchAll(/--seconds (\S+)/g)) expect(Number(seconds)).toBeLessThanOrEqual(86_400)
  })

  test.each<[string, Partial<RuleInput['hostPorts'][number]['port']>]>([
    [injected, {}],
    ['127.0.0.1', {}],
    ['10.244.1.5', { hostIp: injected }],
    ['10.244.1.5', { hostPort: 70_000 }],
    ['10.244.1.5', { containerPort: 0 }],
    ['10.244.1.5', { protocol: 'TCP\nCOMMIT' }],
  ])('a host port of %j with %j is left out', (ip, change) => {
    const port = { hostIp: '', hostPort: 8000, containerPort: 80, protocol: 'TCP', ...change }
    const { text, ignored } = rendered({ services: [], hostPorts: [{ ip, port }] })
    expect(text).not.toContain('--to-destination')
    expect(ignored).toHaveLength(1)
  })
})

test('rules that the kernel refuses end nothing: the agent says so once and tries again', async () => {
  const said: string[] = []
  const log: Log = { ...silentLog, error: (message) => void said.push(message) }
  let refusals = 0
  const empty = <T extends KubeObject>(): Informer<T> =>
    ({
      synced: Promise.resolve(),
      list: () => [],
      get: () => undefined,
      byIndex: () => [],
      addIndex: () => undefined,
      onChange: () => () => undefined,
    }) as Partial<Informer<T>> as Informer<T>
  const stop = await startProxy({
    services: empty(),
    slices: empty(),
    nodes: empty(),
    network: { hostPorts: () => [], onHostPortsChange: () => () => undefined },
    run: async (program) => {
      if (program !== 'iptables-restore') return ''
      if (refusals++ < 2) throw new Error('iptables-restore: line 7 failed')
      return ''
    },
    // Ten times as fast.
    clock: { ...systemClock, after: (ms, task) => systemClock.after(ms / 10, task) },
    log,
    settings: {
      nodeName: 'w1',
      nodeIp: '172.18.0.2',
      apiPort: 6443,
      podCidr: '10.244.0.0/16',
      serviceCidr: '10.96.0.0/16',
      localIps: new Set(),
    },
    ports: { healthz: 0, status: 0 },
  })
  await expect.poll(() => refusals).toBe(3)
  expect(said).toEqual(['service rules not written'])
  await stop()
})

describe('the files of a pod', () => {
  const pod = (spec: Partial<Pod['spec']>): Pod => ({
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [], ...spec },
  })
  const hosts = (spec: Partial<Pod['spec']>): string =>
    hostsFile(
      pod(spec),
      { hostname: 'p', ips: ['10.244.0.2'], clusterDomain: 'cluster.local', namespace: 'default' },
      '',
    )

  test.each([
    [{ ip: '1.2.3.4\n6.6.6.6', hostnames: ['bank'] }],
    [{ ip: '1.2.3.4', hostnames: ['a\n6.6.6.6 bank'] }],
    [{ ip: '1.2.3.4', hostnames: ['a 6.6.6.6', 'b'] }],
  ])('host alias %j adds no line of its own', (alias) => {
    const text = hosts({ hostAliases: [alias] })
    expect(text).not.toMatch(/^6\.6\.6\.6/m)
    expect(text).not.toContain('bank')
  })

  test('resolv.conf takes servers that are addresses, and words', () => {
    const { text } = resolvConf(
      pod({
        dnsPolicy: 'None',
        dnsConfig: {
          nameservers: ['10.0.0.2', '6.6.6.6\nsearch evil', 'ns.example'],
          searches: ['good.example', 'a\nnameserver 6.6.6.6'],
          options: [{ name: 'ndots', value: '2' }, { name: 'x\nnameserver 6.6.6.6' }],
        },
      }),
      {
        clusterDns: '10.96.0.10',
        clusterDomain: 'cluster.local',
        host: { nameservers: [], searches: [], options: [] },
      },
    )
    expect(text).toBe('search good.example\nnameserver 10.0.0.2\noptions ndots:2\n')
  })
})
