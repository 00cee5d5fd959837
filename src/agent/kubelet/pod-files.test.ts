import { describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { hostsFile, kernelHostname, parseResolvConf, podHostname, resolvConf } from './pod-files.ts'

const pod = (spec: Partial<Pod['spec']> = {}, name = 'p'): Stored<Pod> =>
  stored<Pod>({
    metadata: { name, namespace: 'shop' },
    spec: { containers: [], ...spec },
  })
const settings = {
  clusterDns: '10.96.0.10',
  clusterDomain: 'cluster.local',
  host: { nameservers: ['192.0.2.1'], searches: ['example.org'], options: ['timeout:2'] },
}
const inCluster = `search shop.svc.cluster.local svc.cluster.local cluster.local example.org
nameserver 10.96.0.10
options ndots:5
`
const asNode = `search example.org
nameserver 192.0.2.1
options timeout:2
`

describe('resolv.conf', () => {
  test.each<[string, Partial<Pod['spec']>, string]>([
    ['ClusterFirst', {}, inCluster],
    ['ClusterFirst in the host’s network', { hostNetwork: true }, asNode],
    ['ClusterFirstWithHostNet', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, inCluster],
    ['Default', { dnsPolicy: 'Default' }, asNode],
    [
      'None',
      {
        dnsPolicy: 'None',
        dnsConfig: {
          nameservers: ['192.0.2.9'],
          searches: ['a.b'],
          options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
        },
      },
      'search a.b\nnameserver 192.0.2.9\noptions ndots:2 edns0\n',
    ],
    [
      'an option of the pod overrides the cluster’s',
      { dnsConfig: { options: [{ name: 'ndots', value: '1' }] } },
      inCluster.replace('ndots:5', 'ndots:1'),
    ],
  ])('%s', (_name, spec, expected) => {
    expect(resolvConf(pod(spec), settings)).toEqual({ text: expected, omissions: [] })
  })

  const searchLine = (searches: readonly string[]): string =>
    `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`
  const numbered = (count: number, length = 1): string[] =>
    Array.from({ length: count }, (_, i) => `s${i}`.padEnd(length, 'x'))
  test.each<[string, string[], string[]]>([
    ['more than 32', numbered(33), numbered(32)],
    ['one that is too long', ['a', 'b'.repeat(254), 'c'], ['a', 'c']],
    ['a line of more than 2048 characters', numbered(11, 200), numbered(10, 200)],
  ])('search paths beyond the limits are left out, and said: %s', (_name, searches, kept) => {
    const { text, omissions } = resolvConf(pod({ dnsPolicy: 'None', dnsConfig: { searches } }), settings)
    expect(text).toBe(`search ${kept.join(' ')}\n`)
    expect(omissions).toEqual([searchLine(kept)])
  })

  test('nameservers beyond three are left out, and said', () => {
    const nameservers = ['192.0.2.1', '192.0.2.2', '192.0.2.3']
    expect(resolvConf(pod({ dnsConfig: { nameservers } }), settings).omissions).toEqual([
      'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 192.0.2.1 192.0.2.2',
    ])
  })

  test('is read', () => {
    expect(parseResolvConf('# no\nnameserver 1.1.1.1\nsearch a  b\noptions ndots:0\n')).toEqual({
      nameservers: ['1.1.1.1'],
      searches: ['a', 'b'],
      options: ['ndots:0'],
    })
  })
})

describe('hosts', () => {
  const identity = { hostname: 'p', ips: ['10.244.0.5'], clusterDomain: 'cluster.local', namespace: 'shop' }
  const hostAliases = [{ ip: '192.0.2.7', hostnames: ['x', 'y'] }]

  test('contains the pod, also under its subdomain, and its aliases', () => {
    const file = hostsFile(pod({ subdomain: 'web', hostAliases }), identity, '')
    expect(file).toContain('10.244.0.5\tp.web.shop.svc.cluster.local\tp\n')
    expect(file).toContain('192.0.2.7\tx\ty\n')
  })

  test('contains a hostname of the pod’s own choice as it stands, without its subdomain', () => {
    const file = hostsFile(
      pod({ subdomain: 'web', hostnameOverride: 'own.example' }),
      { ...identity, hostname: 'own.example' },
      '',
    )
    expect(file).toContain('10.244.0.5\town.example\n')
  })

  test('of a pod in the host’s network is the node’s, with the aliases', () => {
    expect(hostsFile(pod({ hostNetwork: true, hostAliases }), identity, '10.0.0.2 node\n')).toBe(
      `# Kubernetes-managed hosts file (host network).
10.0.0.2 node

# Entries added by HostAliases.
192.0.2.7\tx\ty
`,
    )
  })
})

test.each([
  [pod({}, 'plain'), 'plain'],
  [pod({ hostname: 'own' }), 'own'],
  [pod({}, `${'a'.repeat(62)}-b`), 'a'.repeat(62)],
])('hostname', (given, expected) => expect(podHostname(given)).toBe(expected))

test.each([
  [{ subdomain: 'web' }, 'p'],
  [{ setHostnameAsFQDN: true }, 'p'],
  [{ setHostnameAsFQDN: true, subdomain: 'web' }, 'p.web.shop.svc.cluster.local'],
  [{ hostname: 'h', subdomain: 'web', hostnameOverride: 'own.example.org' }, 'own.example.org'],
])('the hostname with %j', (spec, expected) => expect(kernelHostname(pod(spec), 'cluster.local')).toBe(expected))
