import { describe, expect, test } from 'vitest'
import type { Node, Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { ClusterState } from './cluster-state.ts'
import { FitError, NodePicker } from './node-picker.ts'
import { NominatedPods } from './nominated-pods.ts'
import { podInfoOf } from './pod-info.ts'
import { findPreemption } from './preemption.ts'
import { clusterOf, defaultPlugins, node, pod, type PodOptions } from './scheduler.fixture.ts'

const now = Date.parse('2026-01-01T12:00:00Z')

interface Story {
  nodes?: Stored<Node>[]
  placed: Record<string, Stored<Pod>[]>
  budgets?: PodDisruptionBudget[]
  /** Pods that wait for a node, by its name. */
  nominated?: Record<string, Stored<Pod>>
}

interface Running extends PodOptions {
  /** Minutes past noon. */
  started?: number
  terminating?: boolean
  preempted?: boolean
}

/** A pod on a node, started at noon unless said otherwise. */
function running(name: string, priority: number, cpu: string, options: Running = {}): Stored<Pod> {
  const { started = 0, terminating, preempted, ...rest } = options
  const made = pod(name, { priority, requests: { cpu }, ...rest })
  if (terminating) made.metadata.deletionTimestamp = '2026-01-01T12:30:00Z'
  const disruption = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }
  const startTime = `2026-01-01T12:${String(started).padStart(2, '0')}:00Z`
  made.status = { startTime, ...(preempted ? { conditions: [disruption] } : {}) }
  return made
}

const budget = (app: string, allowed: number, disruptedPods?: Record<string, string>): PodDisruptionBudget => ({
  metadata: { name: app, namespace: 'default' },
  spec: { selector: { matchLabels: { app } } },
  status: {
    disruptionsAllowed: allowed,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
    ...(disruptedPods ? { disruptedPods } : {}),
  },
})

/** `node: victims` or the message, for a pod that no node takes. */
function preempted(wanted: Stored<Pod>, { nodes, placed, budgets = [], nominated = {} }: Story): string {
  const cluster = clusterOf(nodes ?? Object.keys(placed).map((name) => node(name)), placed)
  const waiting = new NominatedPods()
  for (const [name, each] of Object.entries(nominated)) waiting.set(podInfoOf(each), name)
  const plugins = defaultPlugins()
  const before = pictureOf(cluster)
  try {
    new NodePicker({ plugins, cluster, nominated: waiting }).pick(podInfoOf(wanted))
  } catch (error) {
    if (!(error instanceof FitError) || !error.failure) throw error
    const found = findPreemption(podInfoOf(wanted), error.failure, {
      cluster,
      nominated: waiting,
      budgets: () => budgets,
      candidates: { share: 0.1, least: 100 },
      now,
      random: () => 0,
    })
    expect(pictureOf(cluster)).toEqual(before)
    return 'victims' in found
      ? `${found.node.name}: ${found.victims.map(({ pod: victim }) => victim.metadata.name).join(' ')}`
      : found.message
  }
  throw new Error('it found a node')
}

const pictureOf = (cluster: ClusterState): unknown =>
  cluster.nodes.map(({ name, pods, requested }) => [name, [...pods.keys()].sort(), { ...requested }])

const high = (cpu: string, options: PodOptions = {}): Stored<Pod> =>
  pod('high', { priority: 1000, requests: { cpu }, ...options })

describe('the victims of a node', () => {
  const rows: [string, Stored<Pod>, Story, string][] = [
    ['the pod that is in the way', high('2'), { placed: { n: [running('a', 0, '3')] } }, 'n: a'],
    [
      'the least important ones; the others are reprieved',
      high('2'),
      { placed: { n: [running('low', 0, '2'), running('mid', 500, '2')] } },
      'n: low',
    ],
    [
      'of equals the one that started last',
      high('2'),
      { placed: { n: [running('young', 0, '2', { started: 9 }), running('old', 0, '2', { started: 1 })] } },
      'n: young',
    ],
    [
      'none of the same priority',
      high('2'),
      { placed: { n: [running('peer', 1000, '2'), running('low', 0, '2')] } },
      'n: low',
    ],
    [
      'none that a budget protects, while another one does',
      high('2'),
      {
        placed: { n: [running('guarded', 0, '2', { labels: { app: 'db' } }), running('more-important', 10, '2')] },
        budgets: [budget('db', 0)],
      },
      'n: more-important',
    ],
    [
      'one that a budget protects where there is no other way',
      high('4'),
      { placed: { n: [running('guarded', 0, '2', { labels: { app: 'db' } })] }, budgets: [budget('db', 0)] },
      'n: guarded',
    ],
    [
      'the pod that has its host port',
      high('1', { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] }),
      {
        placed: {
          n: [
            running('other', 0, '1'),
            running('port', 10, '1', { containers: [{ name: 'c', ports: [{ containerPort: 8, hostPort: 80 }] }] }),
          ],
        },
      },
      'n: port',
    ],
  ]
  test.each(rows)('%s', (_, wanted, story, expected) => expect(preempted(wanted, story)).toBe(expected))

  const apart = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
      ],
    },
  }
  test('the pods that its anti-affinity forbids', () => {
    const placed = { n: [running('x', 0, '1'), running('web', 10, '1', { labels: { app: 'web' } })] }
    expect(preempted(high('1', { affinity: apart }), { placed })).toBe('n: web')
  })

  test('the pods whose anti-affinity forbids it', () => {
    const placed = { n: [running('x', 0, '1'), running('web', 10, '1', { affinity: apart })] }
    expect(preempted(high('1', { labels: { app: 'web' } }), { placed })).toBe('n: web')
  })

  test('as many pods of its domain as the skew demands', () => {
    const labels = { app: 'web' }
    const spread = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: labels },
    }
    const placed = {
      n: [running('a', 1, '1', { labels }), running('b', 2, '1', { labels })],
      full: [running('f', 2000, '4')],
    }
    expect(preempted(high('1', { labels, topologySpreadConstraints: [spread] }), { placed })).toBe('n: b a')
  })
})

describe('the node', () => {
  const rows: [string, Record<string, Stored<Pod>[]>, PodDisruptionBudget[], string][] = [
    [
      'with the fewest violations of budgets',
      { a: [running('guarded', 0, '4', { labels: { app: 'db' } })], b: [running('dear', 900, '4')] },
      [budget('db', 0)],
      'b: dear',
    ],
    [
      'a pod whose eviction the budget has counted is no violation',
      { a: [running('going', 0, '4', { labels: { app: 'db' } })], b: [running('dear', 900, '4')] },
      [budget('db', 0, { going: '2026-01-01T12:00:00Z' })],
      'a: going',
    ],
    [
      'whose most important victim is the least important',
      { a: [running('a1', 5, '4')], b: [running('b1', 4, '2'), running('b2', 4, '2')] },
      [],
      'b: b1 b2',
    ],
    [
      'with the least sum of priorities',
      { a: [running('a1', 5, '2'), running('a2', 5, '2')], b: [running('b1', 5, '2'), running('b2', 1, '2')] },
      [],
      'b: b1 b2',
    ],
    [
      'with the fewest victims, negative priorities too',
      { a: [running('a1', -5, '2'), running('a2', -5, '2')], b: [running('b1', -5, '4')] },
      [],
      'b: b1',
    ],
    [
      'whose most important victims started latest',
      { a: [running('a1', 5, '4', { started: 3 })], b: [running('b1', 5, '4', { started: 7 })] },
      [],
      'b: b1',
    ],
  ]
  test.each(rows)('%s', (_, placed, budgets, expected) =>
    expect(preempted(high('4'), { placed, budgets })).toBe(expected),
  )

  test('is looked for among a tenth of the nodes, and at least a hundred', () => {
    const names = Array.from({ length: 150 }, (_, index) => `n${index}`)
    const placed = Object.fromEntries(names.map((name, index) => [name, [running(`v${index}`, 200 - index, '4')]]))
    // The 101st and later nodes have cheaper victims.
    expect(preempted(high('4'), { placed })).toBe('n99: v99')
  })
})

describe('a pod without victims is told why', () => {
  const full = { a: [running('a', 2000, '4')], b: [running('b', 0, '4')] }
  const not = 'Preemption is not helpful for scheduling'
  const rows: [string, Stored<Pod>, Story, string][] = [
    [
      'no pod is less important',
      pod('p', { requests: { cpu: '1' } }),
      { placed: full },
      '0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    ],
    ['nothing fits, whatever goes', high('9'), { placed: full }, `0/2 nodes are available: 2 ${not}.`],
    [
      'what stays leaves too little',
      high('4'),
      { placed: { a: full.a, b: [running('b', 0, '2'), running('c', 2000, '2')] } },
      '0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.',
    ],
    [
      'a taint keeps it away',
      high('4'),
      {
        placed: full,
        nodes: [node('a'), node('b', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      },
      `0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 ${not}.`,
    ],
    [
      'it never preempts',
      high('4', { preemptionPolicy: 'Never' }),
      { placed: full },
      'not eligible due to preemptionPolicy=Never.',
    ],
    [
      'its victims are still ending',
      high('4'),
      {
        placed: { a: full.a, b: [running('b', 0, '4', { terminating: true, preempted: true })] },
        nominated: { b: high('4') },
      },
      'not eligible due to a terminating pod on the nominated node.',
    ],
  ]
  test.each(rows)('%s', (_, wanted, story, expected) => expect(preempted(wanted, story)).toBe(expected))

  test('a pod that ends for another reason does not hold it up', () => {
    const placed = { b: [running('b', 0, '2', { terminating: true }), running('c', 5, '2')] }
    expect(preempted(high('4'), { placed, nominated: { b: high('4') } })).toBe('b: c b')
  })
})

describe('the room of a nominated pod', () => {
  const other = (priority: number): Stored<Pod> => pod('other', { priority, requests: { cpu: '3' } })

  test('is not taken by a less or equally important one', () => {
    for (const priority of [1000, 2000])
      expect(
        preempted(high('3'), { placed: { n: [running('x', 2000, '1')] }, nominated: { n: other(priority) } }),
      ).toBe('0/1 nodes are available: 1 No preemption victims found for incoming pod.')
  })

  test('is free for a more important one, and for itself', () => {
    const nominated = new NominatedPods()
    const cluster = clusterOf([node('n')])
    nominated.set(podInfoOf(other(10)), 'n')
    const picker = new NodePicker({ plugins: defaultPlugins(), cluster, nominated })
    expect(picker.pick(podInfoOf(high('3'))).node.name).toBe('n')
    expect(picker.pick(podInfoOf(other(10))).node.name).toBe('n')
  })

  test('comes before every other node', () => {
    const nominated = new NominatedPods()
    const cluster = clusterOf(
      ['a', 'b', 'c'].map((name) => node(name)),
      { b: [running('x', 0, '1')] },
    )
    nominated.set(podInfoOf(high('1')), 'b')
    const picker = new NodePicker({ plugins: defaultPlugins(), cluster, nominated })
    expect(picker.pick(podInfoOf(high('1'))).node.name).toBe('b')
  })
})
