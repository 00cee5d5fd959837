import { describe, expect, test } from 'vitest'
import { podInfoOf } from '../pod-info.ts'
import { clusterOf, node, pod, verdicts, type PodOptions } from '../scheduler.fixture.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'

const plugin = nodeResourcesFit()

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
