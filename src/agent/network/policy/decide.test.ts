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
  policies: objects.filter(isPolicy).map((policy) => stored(policy)),
  pods: objects.filter(isPod).map((pod): LocalPod => {
    const { metadata, status } = stored(pod)
    const { uid, namespace, labels } = metadata
    return { uid, namespace, labels, ip: status?.podIP ?? '', ports: namedPortsOf(pod) }
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
const pod = (uid: string, ip: string): LocalPod => ({ uid, namespace: 'shop', labels: {}, ip, ports: [] })
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
    const script = updateScript(withClients('10.244.2.1', '10.244.2.3'), withClients('10.244.2.1', '10.244.2.2'))
    expect(script).toMatch(
      /^delete element ip slipway-policy peers-\w+ \{ 10\.244\.2\.2 \}\nadd element ip slipway-policy peers-\w+ \{ 10\.244\.2\.3 \}\n$/,
    )
  })

  it('are empty when nothing changes', () => {
    expect(updateScript(withClients('10.244.2.1'), withClients('10.244.2.1'))).toBe('')
  })

  it('flush and delete chains before the sets that these use', () => {
    const lines = updateScript(noRules, withClients('10.244.2.1')).split('\n')
    const at = (form: RegExp): number => lines.findIndex((line) => form.test(line))
    expect(at(/^delete element .* ingress-pods/)).toBeGreaterThan(-1)
    expect(at(/^delete chain/)).toBeGreaterThan(at(/^delete element .* ingress-pods/))
    expect(at(/^delete set/)).toBeGreaterThan(at(/^delete chain/))
  })

  it('replace what an earlier agent left in the same transaction', () => {
    const lines = replaceScript(withClients('10.244.2.1'), '10.96.0.10').split('\n')
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
    const script = replaceScript(rules, '10.96.0.10')
    expect(script).not.toContain('10.0.0.0/8')
    expect(script.split('\n').filter((line) => /\baccept$/.test(line) && !line.includes('ct state'))).toEqual([
      expect.stringMatching(/ip daddr \. tcp dport @ports-\w+ accept/),
      expect.stringContaining('ip saddr 10.244.1.5 accept'),
    ])
    expect([...rules.sets.values()].every(({ elements }) => elements.size === 0)).toBe(true)
  })
})
