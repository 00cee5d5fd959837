import { expect, test } from 'vitest'
import type { Placed } from './cluster-state.ts'
import { NodeFilter, type Planned } from './node-filter.ts'
import { NominatedPods } from './nominated-pods.ts'
import { podInfoOf } from './pod-info.ts'
import { clusterOf, defaultPlugins, node, pod, type PodOptions } from './scheduler.fixture.ts'

const apps = ['a', 'b']
const zone = 'topology.kubernetes.io/zone'
const hostname = 'kubernetes.io/hostname'
const nodes = Array.from({ length: 6 }, (_, index) =>
  node(`n${index}`, { labels: { [zone]: `z${index % 3}` }, allocatable: { cpu: '4' } }),
)
const term = (app: string, topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: { app } } })
const required = (app: string, topologyKey: string) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [term(app, topologyKey)],
})
const spread = (topologyKey: string, more: object = {}) => ({
  ...term('a', topologyKey),
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  ...more,
})

/** A reproducible sequence of numbers in [0, 1). */
function chances(seed: number): () => number {
  let state = seed
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
}

const wanted: [string, PodOptions][] = [
  ['resources', { requests: { cpu: '3' } }],
  ['a host port', { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] }],
  ['affinity', { affinity: { podAffinity: required('a', zone) } }],
  ['affinity to itself', { labels: { app: 'a' }, affinity: { podAffinity: required('a', zone) } }],
  ['anti-affinity', { affinity: { podAntiAffinity: required('b', hostname) } }],
  ['the anti-affinity of others', { labels: { app: 'a' } }],
  ['spreading over nodes', { labels: { app: 'a' }, topologySpreadConstraints: [spread(hostname)] }],
  [
    'spreading over nodes and zones',
    { labels: { app: 'a' }, topologySpreadConstraints: [spread(hostname), spread(zone, { maxSkew: 2 })] },
  ],
  ['spreading over more zones than there are', { topologySpreadConstraints: [spread(zone, { minDomains: 5 })] }],
]

test.each(wanted)('verdicts follow pods that are taken and put back: %s', (_, options) => {
  const random = chances(7)
  const cluster = clusterOf(nodes)
  const others = Array.from({ length: 24 }, (_, index) => {
    const app = apps[index % 2] ?? ''
    const keepsAway = index % 7 === 0 ? { affinity: { podAntiAffinity: required('a', hostname) } } : {}
    const port = index % 5 === 0 ? { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] } : {}
    return podInfoOf(pod(`p${index}`, { labels: { app }, requests: { cpu: '700m' }, ...keepsAway, ...port }))
  })
  for (const other of others) cluster.setPod(other, `n${Math.floor(random() * nodes.length)}`)
  const info = podInfoOf(pod('wanted', options))
  const plugins = defaultPlugins()
  const filterNow = (): NodeFilter => {
    const plans = plugins.flatMap((each): Planned[] => {
      const plan = each.plugin.plan?.(info, cluster)
      return plan ? [{ ...each, plan }] : []
    })
    return new NodeFilter({ pod: info, plans, cluster, nominated: new NominatedPods() })
  }
  const verdicts = (filter: NodeFilter) =>
    cluster.nodes.map((each) => filter.rejection(each)?.refusal.reasons ?? 'fits')

  const filter = filterNow()
  const before = verdicts(filter)
  const taken: Placed[] = []
  const seen = new Set<string>()
  for (let step = 0; step < 120; step++) {
    const back = random() < 0.45 ? taken.pop() : undefined
    if (back) filter.put(back)
    else {
      const placed = filter.take(others[Math.floor(random() * others.length)] ?? info)
      if (placed) taken.push(placed)
    }
    expect(verdicts(filter)).toEqual(verdicts(filterNow()))
    seen.add(JSON.stringify(verdicts(filter)))
  }
  for (const placed of taken) filter.put(placed)
  expect(verdicts(filter)).toEqual(before)
  expect(seen.size).toBeGreaterThan(1)
})
