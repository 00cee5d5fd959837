import { describe, expect, it } from 'vitest'
import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy } from '#shared/kube/generated/types.ts'
import { normalize, withChange, type Memory } from './behavior.ts'

const now = Date.parse('2026-01-01T12:00:00Z')
const window = 300_000
const none: Memory = { recommendations: [], grown: [], shrunk: [] }
const ago = (seconds: number): number => now - seconds * 1000
const recommended = (...list: [replicas: number, secondsAgo: number][]): Memory => ({
  ...none,
  recommendations: list.map(([replicas, seconds]) => ({ replicas, at: ago(seconds) })),
})

const run = (
  current: number,
  desired: number,
  {
    behavior,
    memory = none,
    min = 1,
    max = 100,
  }: {
    behavior?: HorizontalPodAutoscalerBehavior
    memory?: Memory
    min?: number
    max?: number
  } = {},
) => normalize(behavior, { current, desired, bounds: { min, max }, memory, now }, window)

const said = ({ replicas, stabilized, isLimited, limit }: ReturnType<typeof normalize>) => [
  replicas,
  stabilized.reason,
  isLimited,
  limit.reason,
]

describe('without a behavior', () => {
  it.each([
    { current: 3, desired: 5, expected: [5, 'ReadyForNewScale', false, 'DesiredWithinRange'] },
    { current: 3, desired: 9, expected: [6, 'ReadyForNewScale', true, 'ScaleUpLimit'] },
    { current: 1, desired: 9, expected: [4, 'ReadyForNewScale', true, 'ScaleUpLimit'] },
    { current: 60, desired: 200, expected: [100, 'ReadyForNewScale', true, 'TooManyReplicas'] },
    { current: 3, desired: 0, expected: [1, 'ReadyForNewScale', true, 'TooFewReplicas'] },
  ])('$current goes towards $desired', ({ current, desired, expected }) => {
    expect(said(run(current, desired))).toEqual(expected)
  })

  it('shrinks to the highest recommendation of five minutes', () => {
    const memory = recommended([10, 301], [7, 300], [4, 20])
    expect(said(run(10, 3, { memory }))).toEqual([7, 'ScaleDownStabilized', false, 'DesiredWithinRange'])
    expect(run(10, 3, { memory }).recommendations.map(({ replicas }) => replicas)).toEqual([7, 4, 3])
  })
})

describe('with a behavior', () => {
  const pods = (value: number, periodSeconds = 60): HPAScalingPolicy => ({ type: 'Pods', value, periodSeconds })
  const percent = (value: number, periodSeconds = 60): HPAScalingPolicy => ({ type: 'Percent', value, periodSeconds })
  const rules = (...policies: HPAScalingPolicy[]) => ({
    policies,
    selectPolicy: 'Max',
    stabilizationWindowSeconds: 0,
  })
  const both = (up: HPAScalingPolicy[], down: HPAScalingPolicy[] = [percent(100, 15)]) => ({
    scaleUp: rules(...up),
    scaleDown: rules(...down),
  })

  it('grows by the policy that allows most, or least, or not at all', () => {
    const behavior = both([pods(4), percent(100)])
    expect(said(run(10, 50, { behavior }))).toEqual([20, 'ReadyForNewScale', true, 'ScaleUpLimit'])
    behavior.scaleUp.selectPolicy = 'Min'
    expect(said(run(10, 50, { behavior }))).toEqual([14, 'ReadyForNewScale', true, 'ScaleUpLimit'])
    behavior.scaleUp.selectPolicy = 'Disabled'
    expect(said(run(10, 50, { behavior }))).toEqual([10, 'ReadyForNewScale', true, 'ScaleUpLimit'])
    expect(said(run(10, 200, { behavior: both([pods(500)]) }))).toEqual([
      100,
      'ReadyForNewScale',
      true,
      'TooManyReplicas',
    ])
  })

  it('rounds up when it grows by per cent', () => {
    expect(run(3, 50, { behavior: both([percent(10)]) }).replicas).toBe(4)
  })

  it('shrinks by the policy that allows most, or least, or not at all', () => {
    const behavior = both([pods(4)], [pods(1), percent(50)])
    expect(said(run(10, 1, { behavior }))).toEqual([5, 'ReadyForNewScale', true, 'ScaleDownLimit'])
    behavior.scaleDown.selectPolicy = 'Min'
    expect(said(run(10, 1, { behavior }))).toEqual([9, 'ReadyForNewScale', true, 'ScaleDownLimit'])
    behavior.scaleDown.selectPolicy = 'Disabled'
    expect(said(run(10, 1, { behavior }))).toEqual([10, 'ReadyForNewScale', true, 'ScaleDownLimit'])
    expect(said(run(10, 1, { behavior: both([pods(4)]), min: 2 }))).toEqual([
      2,
      'ReadyForNewScale',
      true,
      'TooFewReplicas',
    ])
  })

  it('counts the changes of the period, in both directions', () => {
    const behavior = both([pods(4)], [pods(3)])
    const grew = { ...none, grown: [{ by: 4, at: ago(59) }] }
    expect(run(14, 50, { behavior, memory: grew }).replicas).toBe(14)
    expect(run(14, 50, { behavior, memory: { ...none, grown: [{ by: 4, at: ago(60) }] } }).replicas).toBe(18)
    expect(run(14, 50, { behavior, memory: { ...grew, shrunk: [{ by: 2, at: ago(30) }] } }).replicas).toBe(16)
    expect(run(14, 1, { behavior, memory: { ...none, shrunk: [{ by: 2, at: ago(30) }] } }).replicas).toBe(13)
  })

  it('stabilises growth by the lowest recommendation of its window', () => {
    const behavior = both([pods(100)])
    behavior.scaleUp.stabilizationWindowSeconds = 60
    expect(said(run(5, 20, { behavior, memory: recommended([8, 59], [2, 60]) }))).toEqual([
      8,
      'ScaleUpStabilized',
      false,
      'DesiredWithinRange',
    ])
    expect(run(5, 20, { behavior, memory: recommended([3, 59]) }).replicas).toBe(5)
  })

  it('stabilises shrinking by the highest recommendation, for five minutes unless it says otherwise', () => {
    const memory = recommended([9, 299], [10, 301])
    const behavior = { scaleUp: rules(pods(4)), scaleDown: { policies: [percent(100, 15)], selectPolicy: 'Max' } }
    expect(said(run(10, 2, { behavior, memory }))).toEqual([9, 'ScaleDownStabilized', false, 'DesiredWithinRange'])
    expect(run(10, 2, { behavior: both([pods(4)]), memory }).replicas).toBe(2)
  })

  it('remembers changes for the longest period', () => {
    const memory = {
      ...none,
      grown: [
        { by: 1, at: ago(1799) },
        { by: 2, at: ago(1800) },
      ],
    }
    expect(withChange(memory, 3, 5, now).grown).toEqual([
      { by: 1, at: ago(1799) },
      { by: 2, at: now },
    ])
    expect(withChange(memory, 5, 3, now).shrunk).toEqual([{ by: 2, at: now }])
  })
})
