import type { Stored } from './object.ts'
import { expect, it } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Node, NodeSelectorTerm, Taint, Toleration } from './generated/types.ts'
import { selectsNode } from './node-selection.ts'
import { tolerates, untolerated } from './tolerations.ts'

const node: Stored<Node> = stored<Node>({ metadata: { name: 'a', labels: { zone: 'z1', cores: '8' } } })

it.each<[boolean, Record<string, string>]>([
  [true, { zone: 'z1' }],
  [false, { zone: 'z2' }],
  [false, { zone: 'z1', disk: 'ssd' }],
  [true, {}],
])('selects %s by nodeSelector %o', (expected, nodeSelector) => {
  expect(selectsNode({ containers: [], nodeSelector }, node)).toBe(expected)
})

it.each<[boolean, NodeSelectorTerm[]]>([
  [true, [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1', 'z2'] }] }]],
  [false, [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['z1'] }] }]],
  [true, [{ matchExpressions: [{ key: 'gpu', operator: 'NotIn', values: ['yes'] }] }]],
  [false, [{ matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }]],
  [true, [{ matchExpressions: [{ key: 'gpu', operator: 'DoesNotExist' }] }]],
  [true, [{ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }] }]],
  [false, [{ matchExpressions: [{ key: 'zone', operator: 'Lt', values: ['4'] }] }]],
  [true, [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }]],
  [false, [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }]],
  [false, [{}]],
  [true, [{}, { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }]],
])('selects %s by affinity %j', (expected, nodeSelectorTerms) => {
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
  expect(selectsNode({ containers: [], affinity }, node)).toBe(expected)
})

it.each<[boolean, Toleration]>([
  [true, { key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }],
  [true, { key: 'k', value: 'v' }],
  [false, { key: 'k', value: 'w' }],
  [true, { key: 'k', operator: 'Exists' }],
  [true, { operator: 'Exists' }],
  [false, { operator: 'Exists', effect: 'NoExecute' }],
  [false, { key: 'other', operator: 'Exists' }],
  [false, {}],
])('tolerates %s by %j', (expected, toleration) => {
  expect(tolerates(toleration, { key: 'k', value: 'v', effect: 'NoSchedule' })).toBe(expected)
})

it('names the first taint that nothing tolerates', () => {
  const taints: Taint[] = [
    { key: 'a', effect: 'PreferNoSchedule' },
    { key: 'b', effect: 'NoSchedule' },
    { key: 'c', effect: 'NoExecute' },
  ]
  expect(untolerated(taints, [{ key: 'b', operator: 'Exists' }], ['NoSchedule', 'NoExecute'])?.key).toBe('c')
  expect(untolerated(taints, [{ operator: 'Exists' }], ['NoSchedule', 'NoExecute'])).toBeUndefined()
})
