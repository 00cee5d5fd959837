import { describe, expect, test } from 'vitest'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import { plainVerdicts } from './placement.ts'
import { heatOf, placeRows, podUsageOf } from './places.ts'

const node = (name: string, spec: object = {}, labels: Record<string, string> = {}) =>
  stored<Node>({
    metadata: { name, labels },
    spec,
    status: {
      allocatable: { cpu: '2', memory: '4Gi', pods: '10' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  })
const pod = (name: string, cpu: string, spec: object = {}, ready = 'True') =>
  stored<Pod>({
    metadata: { name, namespace: 'shop', uid: name },
    spec: {
      containers: [{ name: 'c', resources: { requests: { cpu, memory: '1Gi' }, limits: { memory: '2Gi' } } }],
      ...spec,
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] },
  })

describe('what runs where', () => {
  const usage = podUsageOf([
    { metadata: { name: 'a', namespace: 'shop' }, containers: [{ usage: { cpu: '100m', memory: '1Gi' } }] },
  ])

  test('puts pods under their workers, those in trouble first, and adds up what they ask for and use', () => {
    const pods = [pod('a', '500m', { nodeName: 'w1' }), pod('b', '250m', { nodeName: 'w1' }, 'False'), pod('c', '1')]
    const [first, second] = placeRows([node('w2'), node('w1')], pods, { usage, colouring: 'memory' })
    expect(first?.cells.map(({ pod: { metadata }, heat, share }) => [metadata.name, heat, share])).toEqual([
      ['b', undefined, 0.25],
      ['a', 2, 0.25],
    ])
    expect(first?.cpu).toEqual({ requested: 0.75, used: 0.1, all: 2 })
    expect(second?.cells).toEqual([])
  })

  test('does not say that nothing is used where no pod of a worker is measured', () => {
    const pods = [pod('a', '1', { nodeName: 'w1' }), pod('b', '1', { nodeName: 'w2' })]
    const rows = placeRows([node('w1'), node('w2'), node('w3')], pods, { usage, colouring: 'status' })
    expect(rows.map(({ cpu }) => cpu.used)).toEqual([0.1, undefined, 0])
  })

  test('has no heat where nothing is measured or nothing bounds it', () => {
    expect([heatOf(1, undefined), heatOf(undefined, 1), heatOf(0.01, 1), heatOf(3, 1)]).toEqual([
      undefined,
      undefined,
      0,
      4,
    ])
    const [row] = placeRows([node('w1')], [pod('a', '1', { nodeName: 'w1' })], { usage: undefined, colouring: 'cpu' })
    expect(row?.cells[0]?.heat).toBeUndefined()
    expect(row?.cpu.used).toBeUndefined()
  })
})

test('where a pod can go is told by cordons, taints, selectors and room', () => {
  const nodes = [
    node('here', {}, { disk: 'ssd' }),
    node('cordoned', { unschedulable: true }, { disk: 'ssd' }),
    node('tainted', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }, { disk: 'ssd' }),
    node('slow'),
    node('full', {}, { disk: 'ssd' }),
  ]
  const wanted = pod('a', '1500m', { nodeName: 'here', nodeSelector: { disk: 'ssd' } })
  const verdicts = plainVerdicts(wanted, nodes, [wanted, pod('b', '1', { nodeName: 'full' })])
  expect(verdicts.map(({ node: name, plugin = '', reasons }) => [name, plugin, ...reasons].join(' ').trim())).toEqual([
    'here',
    'cordoned NodeUnschedulable It is cordoned.',
    'tainted TaintToleration The pod does not tolerate gpu:NoSchedule.',
    'slow NodeAffinity Its labels are not those that the pod asks for.',
    'full NodeResourcesFit Not enough cpu is left.',
  ])
})
