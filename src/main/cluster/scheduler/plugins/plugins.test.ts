import { describe, expect, test } from 'vitest'
import type { PodSpec } from '#shared/kube/generated/types.ts'
import { podInfoOf } from '../pod-info.ts'
import { clusterOf, contextOf, node, pod, verdicts, type NodeOptions, type PodOptions } from '../scheduler.fixture.ts'
import { imageLocality } from './image-locality.ts'
import { registeredPlugins } from './index.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeName } from './node-name.ts'
import { nodePorts } from './node-ports.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'
import { schedulingGates } from './scheduling-gates.ts'
import { taintToleration } from './taint-toleration.ts'

test('every plugin is registered under its name, which no other has', () => {
  for (const { name, create } of registeredPlugins) expect(create?.(contextOf()).name ?? name).toBe(name)
  expect(new Set(registeredPlugins.map(({ name }) => name)).size).toBe(registeredPlugins.length)
})

test('NodeName: the pod goes where it says', () => {
  const cluster = clusterOf([node('a'), node('b')])
  expect(verdicts(nodeName(), pod('p', { nodeName: 'b' }), cluster)).toEqual({
    a: "node(s) didn't match the requested node name",
    b: 'ok',
  })
  expect(verdicts(nodeName(), pod('p'), cluster)).toEqual({ a: 'ok', b: 'ok' })
})

test('NodeUnschedulable: cordoned nodes take only what tolerates it', () => {
  const cluster = clusterOf([node('a', { unschedulable: true }), node('b')])
  const tolerant = pod('p', { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] })
  expect(verdicts(nodeUnschedulable(), pod('p'), cluster)).toEqual({ a: 'node(s) were unschedulable', b: 'ok' })
  expect(verdicts(nodeUnschedulable(), tolerant, cluster)).toEqual({ a: 'ok', b: 'ok' })
})

describe('TaintToleration', () => {
  const taint = (effect: string, value = 'v'): NodeOptions => ({ taints: [{ key: 'k', value, effect }] })
  const rows: [string, NodeOptions, PodOptions['tolerations'], string][] = [
    ['an untolerated taint', taint('NoSchedule'), [], 'node(s) had untolerated taint(s)'],
    ['an evicting taint', taint('NoExecute'), [], 'node(s) had untolerated taint(s)'],
    ['the same value', taint('NoSchedule'), [{ key: 'k', value: 'v', effect: 'NoSchedule' }], 'ok'],
    ['another value', taint('NoSchedule'), [{ key: 'k', value: 'w' }], 'node(s) had untolerated taint(s)'],
    [
      'another effect',
      taint('NoSchedule'),
      [{ key: 'k', value: 'v', effect: 'NoExecute' }],
      'node(s) had untolerated taint(s)',
    ],
    ['any value', taint('NoSchedule'), [{ key: 'k', operator: 'Exists' }], 'ok'],
    ['everything', taint('NoExecute'), [{ operator: 'Exists' }], 'ok'],
  ]
  test.each(rows)('%s', (_, options, tolerations, verdict) => {
    expect(
      verdicts(taintToleration(), pod('p', tolerations ? { tolerations } : {}), clusterOf([node('n', options)])),
    ).toEqual({
      n: verdict,
    })
  })

  test('soft taints make a node worse, not impossible', () => {
    const cluster = clusterOf([
      node('none'),
      node('one', { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] }),
      node('two', { taints: ['a', 'b'].map((key) => ({ key, effect: 'PreferNoSchedule' })) }),
    ])
    expect(verdicts(taintToleration(), pod('p'), cluster)).toEqual({ none: 100, one: 50, two: 0 })
  })
})

describe('NodeAffinity', () => {
  const nodes = [
    node('ssd-1', { labels: { disk: 'ssd', size: '10' } }),
    node('ssd-2', { labels: { disk: 'ssd', size: '20' } }),
    node('hdd', { labels: { disk: 'hdd' } }),
  ]
  const no = "node(s) didn't match Pod's node affinity/selector"
  const required = (...nodeSelectorTerms: object[]): PodOptions => ({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  })
  const has = (key: string, operator: string, values: string[] = []): object => ({
    matchExpressions: [{ key, operator, values }],
  })
  const rows: [string, PodOptions, string[]][] = [
    ['nothing asked', {}, ['ssd-1', 'ssd-2', 'hdd']],
    ['nodeSelector', { nodeSelector: { disk: 'hdd' } }, ['hdd']],
    ['In', required(has('disk', 'In', ['ssd'])), ['ssd-1', 'ssd-2']],
    ['NotIn', required(has('disk', 'NotIn', ['ssd'])), ['hdd']],
    ['Exists', required(has('size', 'Exists')), ['ssd-1', 'ssd-2']],
    ['DoesNotExist', required(has('size', 'DoesNotExist')), ['hdd']],
    ['Gt', required(has('size', 'Gt', ['10'])), ['ssd-2']],
    ['Lt', required(has('size', 'Lt', ['20'])), ['ssd-1']],
    ['terms are alternatives', required(has('size', 'Gt', ['15']), has('disk', 'In', ['hdd'])), ['ssd-2', 'hdd']],
    ['an empty term matches nothing', required({}), []],
    ['a field', required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['hdd'] }] }), ['hdd']],
  ]
  test.each(rows)('%s', (_, options, accepted) => {
    const expected = Object.fromEntries(
      nodes.map(({ metadata: { name } }) => [name, accepted.includes(name) ? 'ok' : no]),
    )
    expect(verdicts(nodeAffinity(contextOf()), pod('p', options), clusterOf(nodes))).toEqual(expected)
  })

  test('names of nodes narrow the search', () => {
    const options = required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['hdd'] }] })
    const plan = nodeAffinity(contextOf()).plan?.(podInfoOf(pod('p', options)), clusterOf(nodes))
    expect(plan?.nodes).toEqual(['hdd'])
  })

  test('preferences add up their weights', () => {
    const preferred = [
      { weight: 10, preference: has('disk', 'In', ['ssd']) },
      { weight: 30, preference: has('size', 'Gt', ['10']) },
    ]
    const options = {
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } as NonNullable<
        PodSpec['affinity']
      >,
    }
    expect(verdicts(nodeAffinity(contextOf()), pod('p', options), clusterOf(nodes))).toEqual({
      'ssd-1': 25,
      'ssd-2': 100,
      hdd: 0,
    })
  })
})

describe('NodePorts', () => {
  const withPort = (name: string, hostPort: number, more: { hostIP?: string; protocol?: string } = {}) =>
    pod(name, { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort, ...more }] }] })
  const taken = "node(s) didn't have free ports for the requested pod ports"
  const rows: [string, ReturnType<typeof withPort>, string][] = [
    ['the same port', withPort('p', 8080, { hostIP: '127.0.0.1' }), taken],
    ['every address', withPort('p', 8080), taken],
    ['another address', withPort('p', 8080, { hostIP: '127.0.0.2' }), 'ok'],
    ['another protocol', withPort('p', 8080, { hostIP: '127.0.0.1', protocol: 'UDP' }), 'ok'],
    ['another port', withPort('p', 8081), 'ok'],
  ]
  test.each(rows)('%s', (_, wanted, verdict) => {
    const cluster = clusterOf([node('n')], { n: [withPort('a', 8080, { hostIP: '127.0.0.1' })] })
    expect(verdicts(nodePorts(), wanted, cluster)).toEqual({ n: verdict })
  })

  test('a port is free again when its pod is gone', () => {
    const cluster = clusterOf([node('n')], { n: [withPort('a', 8080)] })
    cluster.removePod('default/a')
    expect(verdicts(nodePorts(), withPort('p', 8080), cluster)).toEqual({ n: 'ok' })
  })
})

test('BalancedAllocation: CPU and memory are used up alike', () => {
  const cluster = clusterOf([node('even'), node('cpu-heavy')], {
    'cpu-heavy': [pod('a', { requests: { cpu: '2' } })],
    even: [pod('b', { requests: { cpu: '1', memory: '2Gi' } })],
  })
  const plugin = nodeResourcesBalancedAllocation(contextOf())
  expect(verdicts(plugin, pod('p', { requests: { cpu: '1', memory: '2Gi' } }), cluster)).toEqual({
    even: 100,
    'cpu-heavy': 75,
  })
  expect(verdicts(plugin, pod('p'), cluster)).toEqual({ even: 'ok', 'cpu-heavy': 'ok' })
})

test('ImageLocality: nodes that have a large image are better', () => {
  const cluster = clusterOf([
    node('has', { images: [{ names: ['app:latest', 'app@sha256:1'], sizeBytes: 1000 * 2 ** 20 }] }),
    node('has-not'),
  ])
  // Half of the nodes have it, so half of its size counts: (500 - 23) / (1000 - 23).
  expect(verdicts(imageLocality(), pod('p'), cluster)).toEqual({ has: 48, 'has-not': 0 })
})

test('SchedulingGates: a gated pod is held back', () => {
  const plugin = schedulingGates()
  expect(plugin.holdsBack?.(pod('p'))).toBeUndefined()
  expect(plugin.holdsBack?.(pod('p', { schedulingGates: [{ name: 'example.com/wait' }] }))).toContain(
    'example.com/wait',
  )
})

describe('NodeAffinity: a profile may add its own', () => {
  const only = (key: string) => ({
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }],
    },
  })
  const cluster = clusterOf([node('a', { labels: { ours: '' } }), node('b', { labels: { theirs: '' } }), node('c')])

  test('to the affinity of the pod', () => {
    const plugin = nodeAffinity(contextOf({}, { NodeAffinity: { addedAffinity: only('ours') } }))
    expect(verdicts(plugin, pod('p'), cluster)).toEqual({
      a: 'ok',
      b: "node(s) didn't match scheduler-enforced node affinity",
      c: "node(s) didn't match scheduler-enforced node affinity",
    })
    expect(verdicts(plugin, pod('p', { nodeSelector: { theirs: '' } }), cluster)).toMatchObject({
      a: "node(s) didn't match Pod's node affinity/selector",
    })
  })

  test('no node has two names', () => {
    const named = (...names: string[]) =>
      names.map((name) => ({ key: 'metadata.name', operator: 'In', values: [name] }))
    const affinity = (...names: string[]) => ({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: named(...names) }] },
      },
    })
    const plugin = nodeAffinity(contextOf())
    expect(verdicts(plugin, pod('p', { affinity: affinity('a', 'b') }), cluster)).toEqual({
      '*': 'pod affinity terms conflict',
    })
  })
})
