import { describe, expect, test } from 'vitest'
import { defaultArgs, type ScoringStrategy } from '../configuration/plugin-args.ts'
import { podInfoOf } from '../pod-info.ts'
import { clusterOf, contextOf, node, pod, verdicts, type PodOptions } from '../scheduler.fixture.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'

const plugin = nodeResourcesFit(contextOf())

describe('what does not fit', () => {
  const small = node('n', { allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'example.com/gpu': '1' } })
  const placed = { n: [pod('a', { requests: { cpu: '1500m', memory: '512Mi' } })] }
  const rows: [string, PodOptions, string][] = [
    ['cpu', { requests: { cpu: '501m' } }, 'Insufficient cpu'],
    ['memory', { requests: { memory: '513Mi' } }, 'Insufficient memory'],
    ['several', { requests: { cpu: '1', memory: '1Gi' } }, 'Insufficient cpu, Insufficient memory'],
    ['storage', { requests: { 'ephemeral-storage': '101Gi' } }, 'Insufficient ephemeral-storage'],
    ['extended', { requests: { 'example.com/gpu': '2' } }, 'Insufficient example.com/gpu'],
    ['unknown', { requests: { 'example.com/fpga': '1' } }, 'Insufficient example.com/fpga'],
    [
      'an init container',
      { initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu: '600m' } } }] },
      'Insufficient cpu',
    ],
    ['overhead', { requests: { cpu: '400m' }, overhead: { cpu: '200m' } }, 'Insufficient cpu'],
    [
      'a sidecar beside the containers',
      {
        requests: { cpu: '300m' },
        initContainers: [{ name: 's', image: 's', restartPolicy: 'Always', resources: { requests: { cpu: '300m' } } }],
      },
      'Insufficient cpu',
    ],
  ]
  test.each(rows)('%s', (_, options, reason) => {
    expect(verdicts(plugin, pod('p', options), clusterOf([small], placed))).toEqual({ n: reason })
  })

  test('one pod too many', () => {
    const full = { n: [pod('a'), pod('b'), pod('c')] }
    expect(verdicts(plugin, pod('p'), clusterOf([small], full))).toEqual({ n: 'Too many pods' })
  })

  test('exactly what is left does fit', () => {
    const exact = pod('p', { requests: { cpu: '500m', memory: '512Mi', 'example.com/gpu': '1' } })
    expect(verdicts(plugin, exact, clusterOf([small], placed))['n']).toBeTypeOf('number')
  })
})

describe('scores', () => {
  test('emptier nodes are better', () => {
    const cluster = clusterOf(
      [node('empty'), node('half'), node('large', { allocatable: { cpu: '8', memory: '16Gi' } })],
      {
        half: [pod('a', { requests: { cpu: '2', memory: '4Gi' } })],
      },
    )
    // (1 core, 2 GiB): empty 75/75, half 25/25, large 87/87.
    expect(verdicts(plugin, pod('p', { requests: { cpu: '1', memory: '2Gi' } }), cluster)).toEqual({
      empty: 75,
      half: 25,
      large: 87,
    })
  })

  test('pods without requests count as small ones', () => {
    const cluster = clusterOf([node('a'), node('b')], { a: [pod('x'), pod('y'), pod('z')] })
    const scores = verdicts(plugin, pod('p'), cluster)
    expect(scores['b']).toBeGreaterThan(scores['a'] as number)
  })
})

describe('scores by the strategy of the profile', () => {
  const cluster = clusterOf(
    ['a', 'b'].map((name) => node(name, { allocatable: { cpu: '4', memory: '8Gi', 'example.com/gpu': '4' } })),
    { b: [pod('x', { requests: { cpu: '2', memory: '2Gi', 'example.com/gpu': '2' } })] },
  )
  const wanted = pod('p', { requests: { cpu: '1', memory: '2Gi', 'example.com/gpu': '1' } })
  const evenly = [
    { name: 'cpu', weight: 1 },
    { name: 'memory', weight: 1 },
  ]
  const rows: [string, ScoringStrategy, Record<string, number>][] = [
    ['the fullest node', { type: 'MostAllocated', resources: evenly, shape: [] }, { a: 25, b: 62 }],
    [
      'extended resources, by weight',
      { type: 'LeastAllocated', resources: [{ name: 'example.com/gpu', weight: 3 }, ...evenly.slice(0, 1)], shape: [] },
      { a: 75, b: 25 },
    ],
    [
      'a shape',
      {
        type: 'RequestedToCapacityRatio',
        resources: evenly.slice(0, 1),
        shape: [
          { utilization: 0, score: 10 },
          { utilization: 50, score: 0 },
          { utilization: 100, score: 8 },
        ],
      },
      { a: 50, b: 40 },
    ],
  ]
  test.each(rows)('%s', (_, scoringStrategy, expected) => {
    const args = { NodeResourcesFit: { ...defaultArgs.NodeResourcesFit, scoringStrategy } }
    expect(verdicts(nodeResourcesFit(contextOf({}, args)), wanted, cluster)).toEqual(expected)
  })

  test('no extended resource that the pod does not ask for', () => {
    const resources = [{ name: 'example.com/gpu', weight: 9 }, ...evenly]
    const args = {
      NodeResourcesFit: {
        ...defaultArgs.NodeResourcesFit,
        scoringStrategy: { type: 'LeastAllocated', resources, shape: [] } as const,
      },
    }
    const plain = pod('p', { requests: { cpu: '1', memory: '2Gi' } })
    expect(verdicts(nodeResourcesFit(contextOf({}, args)), plain, cluster)).toEqual(verdicts(plugin, plain, cluster))
  })
})

test('ignored resources are not filtered by, by name or by group', () => {
  const wanted = pod('p', { requests: { 'example.com/gpu': '1', 'other.com/a': '1', 'other.com/b': '1' } })
  const args = {
    NodeResourcesFit: {
      ...defaultArgs.NodeResourcesFit,
      ignoredResources: ['other.com/a'],
      ignoredResourceGroups: ['example.com'],
    },
  }
  expect(verdicts(nodeResourcesFit(contextOf({}, args)), wanted, clusterOf([node('n')]))).toEqual({
    n: 'Insufficient other.com/b',
  })
})

test('only changes that make room help', () => {
  const cluster = clusterOf([node('n', { allocatable: { cpu: '1' } })], { n: [pod('a', { requests: { cpu: '1' } })] })
  const wanted = podInfoOf(pod('p', { requests: { cpu: '1' } }))
  const info = cluster.node('n')!
  const other = podInfoOf(pod('b'))
  expect(plugin.mayHelp?.({ type: 'pod-removed', node: info, pod: other }, wanted)).toBe(false)
  cluster.removePod('default/a')
  expect(plugin.mayHelp?.({ type: 'pod-removed', node: info, pod: other }, wanted)).toBe(true)
  expect(plugin.mayHelp?.({ type: 'node-labels', node: info }, wanted)).toBe(false)
})
