import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { NetworkPolicy, Pod } from '#shared/kube/generated/types.ts'
import { namedPortsOf, peerGroupOf } from '#shared/kube/network-policy.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { goldenPairs } from '#test/support/golden.ts'
import { stored } from '#test/support/stored.ts'
import { decideRules, type LocalPod, type PolicyInput, type PolicyRules } from './decide.ts'
import { noRules, replaceScript, updateScript } from './nft-script.ts'

const isPod = (object: KubeObject): object is Pod => object.kind === 'Pod'
const isPolicy = (object: KubeObject): object is NetworkPolicy => object.kind === 'NetworkPolicy'

const input = (objects: readonly KubeObject[], change: Partial<PolicyInput> = {}): PolicyInput => ({
  family: 'IPv4',
  policies: objects.filter(isPolicy).map((policy) => stored(policy)),
  pods: objects.filter(isPod).map((pod): LocalPod => {
    const { metadata, status } = stored(pod)
    const { uid, namespace, labels } = metadata
    return { uid, namespace, labels, ips: [status?.podIP ?? ''], ports: namedPortsOf(pod) }
  }),
  members: new Map(),
  dns: { ip: '10.96.0.10', namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  ...change,
})

const readable = ({ sets, chains, egress, ingress }: PolicyRules): object => ({
  egress: Object.fromEntries(egress),
  ingress: Object.fromEntries(ingress),
  chains: Object.fromEntries(chains),
  sets: Object.fromEntries([...sets].map(([name, { type, elements }]) => [name, { type, elements: [...elements] }])),
})

describe('rules of a node', () => {
  goldenPairs(join(import.meta.dirname, 'testdata'), (objects) => readable(decideRules(input(objects))))
})

const policy = (spec: NetworkPolicy['spec'], name = 'p'): Stored<NetworkPolicy> =>
  stored<NetworkPolicy>({
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop' },
    spec: { podSelector: {}, ...spec },
  })
const pod = (uid: string, ...ips: string[]): LocalPod => ({ uid, namespace: 'shop', labels: {}, ips, ports: [] })
const clients = { podSelector: { matchLabels: { role: 'client' } } }
const key = peerGroupOf('shop', clients)?.key ?? ''
const withClients = (...ips: string[]): PolicyRules =>
  decideRules(
    input([policy({ ingress: [{ from: [clients] }] })], {
      pods: [pod('a', '10.244.1.5')],
      members: new Map([[key, ips.map((ip) => [ip])]]),
    }),
  )

describe('scripts', () => {
  it('change one element when a peer comes or goes', () => {
    const script = updateScript(
      'IPv4',
      withClients('10.244.2.1', '10.244.2.3'),
      withClients('10.244.2.1', '10.244.2.2'),
    )
    expect(script).toMatch(
      /^delete element ip slipway-policy peers-\w+ \{ 10\.244\.2\.2 \}\nadd element ip slipway-policy peers-\w+ \{ 10\.244\.2\.3 \}\n$/,
    )
  })

  it('are empty when nothing changes', () => {
    expect(updateScript('IPv4', withClients('10.244.2.1'), withClients('10.244.2.1'))).toBe('')
  })

  it('flush and delete chains before the sets that these use', () => {
    const lines = updateScript('IPv4', noRules, withClients('10.244.2.1')).split('\n')
    const at = (form: RegExp): number => lines.findIndex((line) => form.test(line))
    expect(at(/^delete element .* ingress-pods/)).toBeGreaterThan(-1)
    expect(at(/^delete chain/)).toBeGreaterThan(at(/^delete element .* ingress-pods/))
    expect(at(/^delete set/)).toBeGreaterThan(at(/^delete chain/))
  })

  it('replace what an earlier agent left in the same transaction', () => {
    const lines = replaceScript('IPv4', withClients('10.244.2.1'), '10.96.0.10').split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'add table ip slipway-policy',
      'delete table ip slipway-policy',
      'add table ip slipway-policy',
    ])
  })
})

describe('fields that are no addresses or ports', () => {
  const hostile = '10.0.0.0/8 accept\nadd rule ip slipway-policy ingress accept'
  it('are left out, and allow nothing', () => {
    const rules = decideRules(
      input(
        [
          policy({
            ingress: [
              { from: [{ ipBlock: { cidr: hostile } }] },
              { from: [clients], ports: [{ port: 70_000 }, { port: 80, endPort: 79 }, { protocol: hostile }] },
              { ports: [{ port: hostile }] },
            ],
          }),
        ],
        { pods: [pod('a', '10.244.1.5'), pod('b', hostile)], members: new Map([[key, [[hostile]]]]) },
      ),
    )
    const script = replaceScript('IPv4', rules, '10.96.0.10')
    expect(script).not.toContain('10.0.0.0/8')
    expect(script.split('\n').filter((line) => /\baccept$/.test(line) && !line.includes('ct state'))).toEqual([
      expect.stringMatching(/ip daddr \. tcp dport @ports-\w+ accept/),
      expect.stringContaining('ip saddr 10.244.1.5 accept'),
    ])
    expect([...rules.sets.values()].every(({ elements }) => elements.size === 0)).toBe(true)
  })
})

describe('rules of a dual-stack cluster', () => {
  const spec = {
    ingress: [{ from: [clients], ports: [{ port: 'web' }] }, { from: [{ ipBlock: { cidr: 'fd00:1::/64' } }] }],
    egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: '::/0', except: ['fd00:2::/64'] } }] }],
    policyTypes: ['Ingress', 'Egress'],
  }
  const web: LocalPod = { ...pod('a', '10.244.1.5', 'fd00:10:244:1::5'), ports: [['web', 'TCP', 8080]] }
  const rulesFor = (family: 'IPv4' | 'IPv6'): PolicyRules =>
    decideRules(
      input([policy(spec)], { family, pods: [web], members: new Map([[key, [['10.244.2.1'], ['fd00:10:244:2::1']]]]) }),
    )

  it('hold the same for either address of a pod', () => {
    const [four, six] = [rulesFor('IPv4'), rulesFor('IPv6')]
    expect([...six.chains.keys()]).toEqual([...four.chains.keys()])
    expect([...four.ingress.keys(), ...six.ingress.keys()]).toEqual(['10.244.1.5', 'fd00:10:244:1::5'])
    expect([...six.egress.values()]).toEqual([...four.egress.values()])
    const elements = (rules: PolicyRules): string[] => [...rules.sets.values()].flatMap((set) => [...set.elements])
    expect(elements(four)).toEqual(['10.244.2.1', '10.244.1.5 . 8080'])
    expect(elements(six)).toEqual(['fd00:10:244:2::1', 'fd00:10:244:1::5 . 8080'])
  })

  it('name addresses of their family alone', () => {
    const script = replaceScript('IPv6', rulesFor('IPv6'), '10.96.0.10')
    expect(script).toContain('add table ip6 slipway-policy\n')
    expect(script).toContain('{ type ipv6_addr : verdict ; }')
    expect(script).toContain('ip6 daddr ::/0 ip6 daddr != fd00:2::/64 accept')
    expect(script).toContain('ip6 saddr fd00:1::/64 accept')
    expect(script).not.toMatch(/\bip (?:saddr|daddr|slipway)|10\.|ipv4/)
    expect(replaceScript('IPv4', rulesFor('IPv4'), '10.96.0.10')).not.toMatch(/ip6|ipv6|fd00|::/)
  })
})
