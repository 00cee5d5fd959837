import { describe, expect, test } from 'vitest'
import { resolvable, type EnabledPlugin, type Plugin } from './framework.ts'
import { enoughNodes, FitError, NodePicker } from './node-picker.ts'
import { podInfoOf } from './pod-info.ts'
import { clusterOf, contextOf, defaultPlugins, enabled, node, pod } from './scheduler.fixture.ts'

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)
const picker = (plugins: (Plugin | EnabledPlugin)[], count: number, random = () => 0.5) =>
  new NodePicker({
    plugins: plugins.map((each) => ('plugin' in each ? each : enabled(each))),
    cluster: clusterOf(names(count).map((name) => node(name))),
    random,
  })
const info = podInfoOf(pod('p'))
const scoring = (weight: number, score: (name: string) => number): EnabledPlugin =>
  enabled({ name: `scores-${weight}`, plan: () => ({ score: { score: ({ name }) => score(name) } }) }, weight)
const refusing = (name: string, reasons: Record<string, string[]>): Plugin => ({
  name,
  plan: () => ({ filter: ({ name: node }) => (reasons[node] ? resolvable(...reasons[node]) : undefined) }),
})

describe('picking a node', () => {
  test('adds up the scores by their weights', () => {
    const plugins = [scoring(1, (name) => (name === 'n0' ? 100 : 0)), scoring(3, (name) => (name === 'n1' ? 50 : 0))]
    expect(picker(plugins, 3).pick(info).node.name).toBe('n1')
  })

  test('asks no score of nodes that were refused', () => {
    const plugins = [refusing('r', { n0: ['no'] }), scoring(1, (name) => (name === 'n0' ? 100 : 1))]
    expect(picker(plugins, 2).pick(info).node.name).toBe('n1')
  })

  test('equals win by chance', () => {
    const winners = new Set<string>()
    const chances = [0.1, 0.9, 0.4, 0.2, 0.99, 0.6]
    let next = 0
    const choice = picker([scoring(1, () => 7)], 3, () => chances[next++ % chances.length] ?? 0)
    for (let i = 0; i < 12; i++) winners.add(choice.pick(info).node.name)
    expect([...winners].sort()).toEqual(['n0', 'n1', 'n2'])
  })

  test('looks at a part of a large cluster, another one each time', () => {
    const looked: string[] = []
    const watching: Plugin = {
      name: 'w',
      plan: () => ({ filter: ({ name }) => (looked.push(name), undefined) }),
    }
    const choice = picker([watching], 1_000)
    choice.pick(info)
    choice.pick(info)
    expect(looked).toHaveLength(2 * enoughNodes(1_000))
    expect(new Set(looked).size).toBe(looked.length)
  })

  test('looks only at nodes that the pod names', () => {
    const looked: string[] = []
    const naming: Plugin = {
      name: 'n',
      plan: () => ({ nodes: ['n7', 'gone'], filter: ({ name }) => (looked.push(name), undefined) }),
    }
    expect(picker([naming], 500).pick(info).node.name).toBe('n7')
    expect(looked).toEqual(['n7'])
  })
})

describe('when no node will do', () => {
  const reasonOf = (plugins: Plugin[], count: number): FitError => {
    try {
      picker(plugins, count).pick(info)
    } catch (error) {
      if (error instanceof FitError) return error
    }
    throw new Error('it found a node')
  }

  test('the reasons are counted, as Kubernetes words them', () => {
    const tainted = refusing('taints', { n0: ['node(s) had untolerated taint(s)'] })
    const full = refusing('fit', { n1: ['Insufficient cpu', 'Insufficient memory'], n2: ['Insufficient cpu'] })
    const error = reasonOf([tainted, full], 3)
    expect(error.message).toBe(
      '0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 2 Insufficient cpu.',
    )
    expect([...error.refusedBy].map(({ name }) => name).sort()).toEqual(['fit', 'taints'])
  })

  test('a reason that holds for the pod itself stands alone', () => {
    const impossible: Plugin = { name: 'i', plan: () => ({ impossible: 'persistentvolumeclaim "x" not found' }) }
    expect(reasonOf([impossible], 4).message).toBe(
      '0/4 nodes are available: persistentvolumeclaim "x" not found. not found',
    )
  })

  test('an empty cluster says so', () => {
    expect(reasonOf([], 0).message).toBe('no nodes available to schedule pods')
  })
})

test('the share of nodes that is looked at falls with their number, down to a hundred', () => {
  expect([10, 100, 200, 500, 1_000, 5_000].map((total) => enoughNodes(total))).toEqual([10, 100, 100, 150, 100, 250])
})

test('replicas land on all nodes alike, with the default plugins', () => {
  const cluster = clusterOf(names(10).map((name) => node(name)))
  const labels = { app: 'web' }
  const set = { metadata: { namespace: 'default', name: 'web' }, spec: { selector: { matchLabels: labels } } }
  const plugins = defaultPlugins(contextOf({ replicaSets: [set] }))
  const choice = new NodePicker({ plugins, cluster })
  for (let i = 0; i < 30; i++) {
    const replica = podInfoOf(pod(`web-${i}`, { labels, owner: { kind: 'ReplicaSet', name: 'web' } }))
    cluster.assume(replica, choice.pick(replica).node)
  }
  expect(cluster.nodes.map(({ pods }) => pods.size)).toEqual(Array.from({ length: 10 }, () => 3))
})

describe('judging nodes for a pod', () => {
  const cpu = (amount: string) => ({ requests: { cpu: amount } })
  const verdictsOf = (subject: ReturnType<typeof pod>, ...nodes: ReturnType<typeof node>[]) => {
    const cluster = clusterOf(nodes, { n0: [pod('here', { ...cpu('3'), nodeName: 'n0' })] })
    const judged = new NodePicker({ plugins: defaultPlugins(contextOf()), cluster }).judge(podInfoOf(subject))
    return judged.map(({ node: name, plugin = '', reasons }) => [name, plugin, ...reasons].join(' ').trim())
  }

  test('names the filter that refuses each node, and counts the room of the pod itself as free', () => {
    const nodes = [
      node('n0'),
      node('n1', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
      node('n2', { unschedulable: true }),
      node('n3', { allocatable: { cpu: '1' } }),
    ]
    expect(verdictsOf(pod('here', cpu('3')), ...nodes)).toEqual([
      'n0',
      'n1 TaintToleration node(s) had untolerated taint(s)',
      'n2 NodeUnschedulable node(s) were unschedulable',
      'n3 NodeResourcesFit Insufficient cpu',
    ])
    expect(verdictsOf(pod('another', cpu('3')), node('n0'))).toEqual(['n0 NodeResourcesFit Insufficient cpu'])
  })
})
