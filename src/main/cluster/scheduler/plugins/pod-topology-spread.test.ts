import { describe, expect, test } from 'vitest'
import type { TopologySpreadConstraint } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { podInfoOf } from '../pod-info.ts'
import { clusterOf, contextOf, node, pod, verdicts, type PodOptions } from '../scheduler.fixture.ts'
import { podTopologySpread } from './pod-topology-spread.ts'

const zone = 'topology.kubernetes.io/zone'
const nodes = [
  node('a1', { labels: { [zone]: 'a' } }),
  node('a2', { labels: { [zone]: 'a' } }),
  node('b1', { labels: { [zone]: 'b' } }),
  node('nowhere'),
]
const web = (name: string, options: PodOptions = {}) => pod(name, { labels: { app: 'web' }, ...options })
const constraint = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: zone,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...more,
})
const spread = (...topologySpreadConstraints: TopologySpreadConstraint[]) => web('p', { topologySpreadConstraints })
const plugin = podTopologySpread(contextOf())
const skewed = "node(s) didn't match pod topology spread constraints"
const missing = `${skewed} (missing required label)`

describe('DoNotSchedule', () => {
  const rows: [string, Record<string, string[]>, Partial<TopologySpreadConstraint>, Record<string, string>][] = [
    ['an empty cluster takes it anywhere', {}, {}, { a1: 'ok', a2: 'ok', b1: 'ok', nowhere: missing }],
    ['the fuller zone refuses', { a1: ['x'] }, {}, { a1: skewed, a2: skewed, b1: 'ok', nowhere: missing }],
    ['a larger skew allows more', { a1: ['x'] }, { maxSkew: 2 }, { a1: 'ok', a2: 'ok', b1: 'ok', nowhere: missing }],
    [
      'of nodes, only the full one refuses',
      { a1: ['x'] },
      { topologyKey: 'kubernetes.io/hostname' },
      { a1: skewed, a2: 'ok', b1: 'ok', nowhere: 'ok' },
    ],
    [
      'missing domains count as empty',
      { a1: ['x'], b1: ['y'] },
      { minDomains: 3 },
      { a1: skewed, a2: skewed, b1: skewed, nowhere: missing },
    ],
  ]
  test.each(rows)('%s', (_, placed, more, expected) => {
    const pods = Object.fromEntries(
      Object.entries(placed).map(([name, names]) => [name, names.map((each) => web(each))]),
    )
    expect(verdicts(plugin, spread(constraint(more)), clusterOf(nodes, pods))).toEqual(expected)
  })

  test('nodes that the pod does not select are not counted, unless told so', () => {
    const cluster = clusterOf(nodes, { a1: [web('x')] })
    const options = { nodeSelector: { [zone]: 'a' } }
    const honouring = web('p', { ...options, topologySpreadConstraints: [constraint()] })
    expect(verdicts(plugin, honouring, cluster)['a1']).toBe('ok')
    const ignoring = web('p', { ...options, topologySpreadConstraints: [constraint({ nodeAffinityPolicy: 'Ignore' })] })
    expect(verdicts(plugin, ignoring, cluster)['a1']).toBe(skewed)
  })

  test('pods on their way out and other pods do not count', () => {
    const leaving = web('x')
    leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    const cluster = clusterOf(nodes, { a1: [leaving, pod('other'), web('elsewhere', { namespace: 'other' })] })
    expect(verdicts(plugin, spread(constraint()), cluster)['a1']).toBe('ok')
  })

  test('nodes with taints that the pod does not tolerate are counted, unless told otherwise', () => {
    const tainted = node('c1', { labels: { [zone]: 'c' }, taints: [{ key: 'k', effect: 'NoSchedule' }] })
    const cluster = clusterOf([...nodes, tainted], { a1: [web('x')], b1: [web('y')] })
    expect(verdicts(plugin, spread(constraint()), cluster)['a1']).toBe(skewed)
    expect(verdicts(plugin, spread(constraint({ nodeTaintsPolicy: 'Honor' })), cluster)['a1']).toBe('ok')
    const tolerant = web('p', {
      tolerations: [{ operator: 'Exists' }],
      topologySpreadConstraints: [constraint({ nodeTaintsPolicy: 'Honor' })],
    })
    expect(verdicts(plugin, tolerant, cluster)['a1']).toBe(skewed)
  })

  test('several constraints count only nodes that have all of their labels', () => {
    const rack = 'example.com/rack'
    const racks = [
      node('a1', { labels: { [zone]: 'a', [rack]: '1' } }),
      node('a2', { labels: { [zone]: 'a' } }),
      node('b1', { labels: { [zone]: 'b', [rack]: '2' } }),
    ]
    const both = spread(constraint(), constraint({ topologyKey: rack, maxSkew: 2 }))
    expect(verdicts(plugin, both, clusterOf(racks, { a2: [web('x'), web('y')], b1: [web('z')] }))).toEqual({
      a1: 'ok',
      a2: missing,
      b1: skewed,
    })
  })

  test('matchLabelKeys narrows to pods of the same revision', () => {
    const old = pod('x', { labels: { app: 'web', hash: '1' } })
    const wanted = pod('p', {
      labels: { app: 'web', hash: '2' },
      topologySpreadConstraints: [constraint({ matchLabelKeys: ['hash'] })],
    })
    expect(verdicts(plugin, wanted, clusterOf(nodes, { a1: [old] }))['a1']).toBe('ok')
  })
})

test('ScheduleAnyway prefers the emptier domain', () => {
  const cluster = clusterOf(nodes, { a1: [web('x'), web('y')], b1: [web('z')] })
  const scores = verdicts(plugin, spread(constraint({ whenUnsatisfiable: 'ScheduleAnyway' })), cluster)
  expect(scores['b1']).toBe(100)
  expect(scores['a1']).toBeLessThan(100)
  expect(scores['a2']).toBe(scores['a1'])
  expect(scores['nowhere']).toBe(0)
})

describe('without constraints', () => {
  const replicaSet = {
    metadata: { namespace: 'default', name: 'web-1' },
    spec: { selector: { matchLabels: { app: 'web' } } },
  }
  const service = { metadata: { namespace: 'default', name: 'web' }, spec: { selector: { app: 'web' } } }
  const cluster = () => clusterOf(nodes, { a1: [web('x')], b1: [web('y'), web('z')] })

  test('replicas spread over nodes and zones', () => {
    const own = podTopologySpread(contextOf({ replicaSets: [replicaSet] }))
    const scores = verdicts(own, web('p', { owner: { kind: 'ReplicaSet', name: 'web-1' } }), cluster())
    expect(Object.keys(scores).sort((a, b) => Number(scores[b]) - Number(scores[a]))).toEqual([
      'nowhere',
      'a2',
      'a1',
      'b1',
    ])
  })

  test('pods of a Service do, too', () => {
    const own = podTopologySpread(contextOf({ services: [service] }))
    const scores = verdicts(own, web('p'), cluster())
    expect(scores['a2']).toBeGreaterThan(scores['a1'] as number)
  })

  test('a pod on its own has no preference', () => {
    expect(verdicts(plugin, web('p'), cluster())).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok', nowhere: 'ok' })
  })
})

test('constraints of the profile hold for pods of a controller that have none', () => {
  const args = {
    PodTopologySpread: {
      defaultingType: 'List' as const,
      defaultConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }],
    },
  }
  const service = {
    metadata: { namespace: 'default', name: 's' },
    spec: { selector: { app: 'web' } },
  } as KubeObject
  const own = podTopologySpread(contextOf({ services: [service] }, args))
  const cluster = clusterOf(nodes, { a1: [web('x')] })
  expect(verdicts(own, web('p'), cluster)).toEqual({ a1: skewed, a2: skewed, b1: 'ok', nowhere: missing })
  expect(verdicts(own, pod('alone'), cluster)['a1']).toBe('ok')
  expect(verdicts(own, spread(constraint({ maxSkew: 5 })), cluster)['a1']).toBe('ok')
})

test('only pods that the constraints count may help', () => {
  const there = clusterOf(nodes).node('a1')!
  const helps = (other: Parameters<typeof podInfoOf>[0]): boolean | undefined =>
    plugin.mayHelp?.({ type: 'pod-removed', node: there, pod: podInfoOf(other) }, podInfoOf(spread(constraint())))
  expect([helps(web('x')), helps(pod('y')), helps(web('z', { namespace: 'other' }))]).toEqual([true, false, false])
})
