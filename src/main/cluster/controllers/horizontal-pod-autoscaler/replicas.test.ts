import { describe, expect, it } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { stored } from '#test/support/stored.ts'
import {
  averageValueReplicas,
  ratioReplicas,
  sharedReplicas,
  utilizationReplicas,
  type Sample,
  type Scene,
} from './replicas.ts'

const now = Date.parse('2026-01-01T12:00:00Z')
const minute = 60_000

interface Given {
  /** CPU requests of each pod's containers. */
  requests?: readonly string[]
  /** Values by pod; undefined of a pod without a sample. */
  levels: readonly (number | undefined)[]
  ready?: readonly boolean[]
  phases?: readonly string[]
  deleted?: readonly boolean[]
  /** Time since each pod started, ms. */
  age?: readonly number[]
  current: number
  tolerance?: { up: number; down: number }
}

function scene(given: Given): { scene: Scene; samples: Map<string, Sample> } {
  const { levels, current, tolerance = { up: 0.1, down: 0.1 } } = given
  const count = Math.max(levels.length, given.requests?.length ?? 0, given.phases?.length ?? 0)
  const all = Array.from({ length: count }, (_, i): Stored<Pod> => podOf(given, i))
  const samples = new Map<string, Sample>()
  levels.forEach((value, i) => {
    if (value !== undefined) samples.set(`pod-${i}`, { value, at: now, windowMs: minute })
  })
  const settings = { cpuInitializationMs: 2 * minute, initialReadinessDelayMs: 10_000 }
  return { scene: { pods: all, current, tolerance, settings, now }, samples }
}

function podOf({ requests, ready, phases, deleted, age }: Given, i: number): Stored<Pod> {
  const started = now - (age?.[i] ?? 60 * minute)
  const cpu = requests?.[i] ?? '1'
  return stored<Pod>({
    metadata: {
      name: `pod-${i}`,
      ...(deleted?.[i] ? { deletionTimestamp: timestamp(now) } : {}),
    },
    spec: { containers: cpu === '' ? [{ name: 'c' }] : [{ name: 'c', resources: { requests: { cpu } } }] },
    status: {
      phase: phases?.[i] ?? 'Running',
      startTime: timestamp(started),
      conditions: [
        {
          type: 'Ready',
          status: (ready?.[i] ?? true) ? 'True' : 'False',
          lastTransitionTime: timestamp(started),
        },
      ],
    },
  })
}

const cpu = (given: Given, percent: number, container?: string) => {
  const { scene: at, samples } = scene(given)
  return utilizationReplicas(at, samples, { resource: 'cpu', container, percent })
}

/** Inputs and results as Kubernetes' replica calculator has them in its own tests. */
describe('utilization of requests', () => {
  const hot = 30_000
  const cool = 60 * minute
  it.each<[string, Given, number, [number, number, number]]>([
    ['grows', { current: 3, levels: [300, 500, 700] }, 30, [5, 50, 500]],
    [
      'grows less for an unready pod',
      { current: 3, levels: [300, 500, 700], ready: [false, true, true] },
      30,
      [4, 60, 600],
    ],
    [
      'grows less for a pod that starts',
      { current: 3, levels: [300, 500, 700], age: [hot, cool, cool] },
      30,
      [4, 60, 600],
    ],
    ['stays for unready pods', { current: 3, levels: [400, 500, 700], ready: [true, false, false] }, 30, [3, 40, 400]],
    [
      'ignores failed pods',
      {
        current: 2,
        levels: [500, 700],
        requests: ['1', '1', '1', '1'],
        phases: ['Running', 'Running', 'Failed', 'Failed'],
        ready: [true, true, false, false],
      },
      30,
      [4, 60, 600],
    ],
    [
      'ignores pods under deletion',
      { current: 2, levels: [500, 700], requests: ['1', '1', '1', '1'], deleted: [false, false, true, true] },
      30,
      [4, 60, 600],
    ],
    ['shrinks', { current: 5, levels: [100, 300, 500, 250, 250] }, 50, [3, 28, 280]],
    [
      'stays within the tolerance',
      { current: 3, requests: ['900m', '1', '1100m'], levels: [1010, 1030, 1020] },
      100,
      [3, 102, 1020],
    ],
    ['stays when a missing pod levels it', { current: 2, levels: [1000, undefined] }, 100, [2, 100, 1000]],
    ['shrinks less for a missing pod', { current: 4, levels: [100, 100, 100, undefined] }, 50, [3, 10, 100]],
    ['grows less for a missing pod', { current: 3, levels: [900, 900, undefined] }, 30, [6, 90, 900]],
    [
      'takes a missing pod at the target beyond its request',
      { current: 2, levels: [1000, undefined] },
      200,
      [2, 100, 1000],
    ],
    [
      'a pending pod counts as idle',
      { current: 2, levels: [1000, undefined], phases: ['Running', 'Pending'] },
      50,
      [2, 100, 1000],
    ],
  ])('%s', (_, given, percent, [replicas, utilization, usage]) => {
    expect(cpu(given, percent)).toEqual({ replicas, utilization, usage })
  })

  it('has a tolerance for each direction', () => {
    const given = { current: 4, levels: [120, 120, 120, 120], requests: ['100m', '100m', '100m', '100m'] }
    expect(cpu({ ...given, tolerance: { up: 0.3, down: 0 } }, 100).replicas).toBe(4)
    expect(cpu({ ...given, tolerance: { up: 0.1, down: 0.3 } }, 100).replicas).toBe(5)
    const idle = { ...given, levels: [70, 70, 70, 70] }
    expect(cpu({ ...idle, tolerance: { up: 0, down: 0.3 } }, 100).replicas).toBe(4)
    expect(cpu({ ...idle, tolerance: { up: 0.3, down: 0.2 } }, 100).replicas).toBe(3)
  })

  it('sums containers with sidecars, and prefers requests of the pod', () => {
    const { scene: at, samples } = scene({ current: 1, levels: [300] })
    const spec = {
      containers: [{ name: 'a', resources: { requests: { cpu: '200m' } } }],
      initContainers: [
        { name: 'once', resources: { requests: { cpu: '5' } } },
        { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } },
      ],
    }
    const pods = at.pods.map((pod) => ({ ...pod, spec }))
    const target = { resource: 'cpu', percent: 50 }
    expect(utilizationReplicas({ ...at, pods }, samples, target)).toMatchObject({ utilization: 100, replicas: 2 })
    expect(utilizationReplicas({ ...at, pods }, samples, { ...target, container: 'side' })).toMatchObject({
      utilization: 300,
    })
    const whole = at.pods.map((pod) => ({ ...pod, spec: { ...spec, resources: { requests: { cpu: '600m' } } } }))
    expect(utilizationReplicas({ ...at, pods: whole }, samples, target)).toMatchObject({ utilization: 50, replicas: 1 })
  })

  it.each<[string, Given, string | undefined, string]>([
    ['no pods', { current: 1, levels: [] }, undefined, 'no pods returned by selector while calculating replica count'],
    [
      'no samples of ready pods',
      { current: 1, levels: [100], phases: ['Pending'] },
      undefined,
      'did not receive metrics for targeted pods (pods might be unready)',
    ],
    [
      'no request',
      { current: 1, levels: [100], requests: [''] },
      undefined,
      'missing request for cpu in container c of Pod pod-0',
    ],
    ['no such container', { current: 1, levels: [100] }, 'x', 'container x not found in Pod pod-0'],
  ])('fails with %s', (_, given, container, message) => {
    expect(() => cpu(given, 50, container)).toThrow(message)
  })
})

describe('an average value', () => {
  it.each<[string, Given, number, [number, number]]>([
    ['grows', { current: 3, levels: [20_000, 10_000, 30_000] }, 15_000, [4, 20_000]],
    [
      'heeds no readiness',
      { current: 3, levels: [50_000, 10_000, 30_000], ready: [false, true, false] },
      15_000,
      [6, 30_000],
    ],
    ['shrinks', { current: 5, levels: [12_000, 12_000, 12_000, 12_000, 12_000] }, 20_000, [3, 12_000]],
    [
      'takes a missing pod at the target when shrinking',
      { current: 2, levels: [10_000, undefined] },
      20_000,
      [2, 10_000],
    ],
  ])('%s', (_, given, value, [replicas, usage]) => {
    const { scene: at, samples } = scene(given)
    expect(averageValueReplicas(at, samples, { value })).toEqual({ replicas, usage })
  })
})

describe('a metric of no pod', () => {
  it.each<[string, Given, number, number, number]>([
    ['grows', { current: 3, levels: [1, 1, 1] }, 20_000, 15_000, 4],
    ['shrinks', { current: 5, levels: [1, 1, 1, 1, 1] }, 12_000, 20_000, 3],
    ['counts ready pods alone', { current: 3, levels: [1, 1, 1], ready: [true, false, false] }, 60_000, 15_000, 4],
    ['starts from zero by the ratio', { current: 0, levels: [] }, 40_000, 15_000, 3],
    ['stays at zero', { current: 0, levels: [] }, 0, 15_000, 0],
    ['is bounded', { current: 1, levels: [1] }, 9e18, 1, 2 ** 31 - 1],
  ])('%s by its ratio', (_, given, usage, target, replicas) => {
    expect(ratioReplicas(scene(given).scene, usage, target)).toEqual({ replicas, usage })
  })

  it.each([
    { usage: 20_000, target: 5_000, present: 3, replicas: 4, average: 6_667 },
    { usage: 8_600, target: 2_867, present: 5, replicas: 3, average: 1_720 },
    { usage: 8_600, target: 1_720, present: 5, replicas: 5, average: 1_720 },
    { usage: 30_000, target: 10_000, present: 0, replicas: 3, average: 30_000 },
  ])('shares $usage among $present', ({ usage, target, present, replicas, average }) => {
    const tolerance = { up: 0.1, down: 0.1 }
    expect(sharedReplicas({ tolerance }, usage, target, present)).toEqual({ replicas, usage: average })
  })
})
