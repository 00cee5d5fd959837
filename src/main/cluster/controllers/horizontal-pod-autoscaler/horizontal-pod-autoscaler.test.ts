import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, Resource } from '#shared/client/client.ts'
import type { Event, HorizontalPodAutoscaler, Pod, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  deployments,
  events,
  horizontalPodAutoscalers,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startHorizontalPodAutoscalers } from './index.ts'
import type { Reading } from './metric-status.ts'
import type { MetricsClient } from './metrics-client.ts'

const turn = 15_000
const minute = 60_000
const targets = [deployments, replicaSets, statefulSets, replicationControllers] as readonly Resource[]

let plane: TestControlPlane
let clock: FakeClock
/** Answers for every metric. */
let reading: () => Reading
const metrics: MetricsClient = { read: () => Promise.resolve(reading()) }

beforeEach(async () => {
  clock = createFakeClock(Date.parse('2026-01-01T12:00:00Z'))
  plane = await startControlPlane({ clock })
  reading = () => ({ error: 'no metrics yet' })
})
afterEach(() => plane.stop())

const start = () =>
  plane.start((context) => startHorizontalPodAutoscalers(context, { resources: () => targets, metrics }))

const template: PodTemplateSpec = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web', resources: { requests: { cpu: '100m' } } }] },
}

/** A target of `replicas`, with as many ready pods. */
async function workload(resource: Resource, replicas: number): Promise<void> {
  const selector = resource.kind === 'ReplicationController' ? { app: 'web' } : { matchLabels: { app: 'web' } }
  await plane.client.create(resource, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector, template, ...(resource === statefulSets ? { serviceName: 'web' } : {}) },
  } as never)
  await runPods(replicas)
}

async function runPods(count: number): Promise<void> {
  const present = await plane.client.list(pods, { namespace: 'default' })
  for (const { metadata } of present.items.slice(count))
    await plane.client.delete(pods, { namespace: 'default', name: metadata.name }, { gracePeriodSeconds: 0 })
  for (let i = present.items.length; i < count; i++) await runPod(plane.client, `web-${i}`)
}

async function runPod(client: Client, name: string): Promise<void> {
  const before = timestamp(clock.now() - 60 * minute)
  const pod = await client.create(pods, { ...template, metadata: { ...template.metadata, name, namespace: 'default' } })
  const status: Pod['status'] = {
    phase: 'Running',
    startTime: before,
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: before }],
  }
  await client.updateStatus(pods, { ...pod, status })
}

const autoscale = (
  spec: Partial<HorizontalPodAutoscaler['spec']> = {},
  name = 'web',
): Promise<Stored<HorizontalPodAutoscaler>> =>
  plane.client.create(horizontalPodAutoscalers, {
    metadata: { name, namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      ...spec,
    },
  })

/** Every pod uses `millis` of CPU. */
const usage = (millis: number) => (): Reading => ({
  samples: new Map(
    Array.from({ length: 20 }, (_, i) => [`web-${i}`, { value: millis, at: clock.now(), windowMs: 30_000 }]),
  ),
})

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += turn) {
    await clock.advance(Math.min(turn, ms - passed))
    await settle()
    await settle()
  }
}

const replicasOf = async (resource: Resource = deployments): Promise<number | undefined> =>
  ((await plane.client.get(resource, { namespace: 'default', name: 'web' })) as { spec?: { replicas?: number } }).spec
    ?.replicas

const statusOf = async (name = 'web'): Promise<HorizontalPodAutoscaler['status']> =>
  (await plane.client.get(horizontalPodAutoscalers, { namespace: 'default', name })).status

const reasonsOf = async (name = 'web'): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await statusOf(name))?.conditions?.map(({ type, reason }) => [type, reason]) ?? [])

const said = async (reason: string): Promise<Stored<Event>> => {
  const all = await plane.until(events, (list) => list.some((event) => event.reason === reason))
  const found = all.find((event) => event.reason === reason)
  if (!found) throw new Error(`no Event ${reason}`)
  return found
}

it('grows a Deployment fifteen seconds after it is created, and says so', async () => {
  start()
  await workload(deployments, 2)
  await autoscale()
  reading = usage(75)
  await pass(turn - 1)
  expect(await replicasOf()).toBe(2)
  await pass(1)
  await plane.untilOne(deployments, 'web', ({ spec }) => spec?.replicas === 3)
  await plane.untilOne(horizontalPodAutoscalers, 'web', ({ status }) => status?.lastScaleTime !== undefined)
  expect(await statusOf()).toMatchObject({
    currentReplicas: 2,
    desiredReplicas: 3,
    lastScaleTime: '2026-01-01T12:00:15Z',
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 75, averageValue: '75m' } } },
    ],
  })
  expect(await reasonsOf()).toEqual({
    AbleToScale: 'SucceededRescale',
    ScalingActive: 'ValidMetricFound',
    ScalingLimited: 'DesiredWithinRange',
  })
  const event = await said('SuccessfulRescale')
  expect(event).toMatchObject({
    type: 'Normal',
    message: 'New size: 3; reason: cpu resource utilization (percentage of request) above target',
    source: { component: 'horizontal-pod-autoscaler' },
    involvedObject: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' },
  })
})

it.each(targets)('scales a $kind', async (resource) => {
  start()
  await workload(resource, 1)
  const apiVersion = resource.group === '' ? 'v1' : 'apps/v1'
  await autoscale({ scaleTargetRef: { apiVersion, kind: resource.kind, name: 'web' } })
  reading = usage(200)
  await pass(turn)
  await expect.poll(() => replicasOf(resource)).toBe(4)
})

it('shrinks when the load has been low for five minutes', async () => {
  start()
  await workload(deployments, 4)
  await autoscale()
  reading = usage(50)
  await pass(turn)
  await expect.poll(reasonsOf).toMatchObject({ AbleToScale: 'ReadyForNewScale' })
  reading = usage(10)
  await pass(turn)
  await expect.poll(reasonsOf).toMatchObject({ AbleToScale: 'ScaleDownStabilized' })
  await pass(5 * minute - turn)
  expect(await replicasOf()).toBe(4)
  await pass(turn)
  await expect.poll(replicasOf).toBe(1)
  expect((await said('SuccessfulRescale')).message).toBe('New size: 1; reason: All metrics below target')
})

it('follows windows, policies and tolerances of its behavior', async () => {
  start()
  await workload(deployments, 4)
  await autoscale({
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 60, tolerance: '500m' },
      scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    },
  })
  reading = usage(74)
  await pass(2 * minute)
  expect(await replicasOf()).toBe(4)
  reading = usage(10)
  await pass(turn)
  await expect.poll(replicasOf).toBe(3)
  await expect.poll(reasonsOf).toMatchObject({ ScalingLimited: 'ScaleDownLimit' })
  await runPods(3)
  await pass(45_000)
  expect(await replicasOf()).toBe(3)
  await pass(turn)
  await expect.poll(replicasOf).toBe(2)
  await runPods(2)
  reading = usage(200)
  await pass(turn)
  await expect.poll(reasonsOf).toMatchObject({ AbleToScale: 'ScaleUpStabilized' })
  expect(await replicasOf()).toBe(2)
  await pass(minute)
  await expect.poll(replicasOf).toBe(8)
})

it('reports metrics that cannot be read once as an Event that counts up, and tries each turn', async () => {
  start()
  await workload(deployments, 1)
  await autoscale()
  await pass(turn)
  await expect.poll(reasonsOf).toMatchObject({ ScalingActive: 'FailedGetResourceMetric' })
  expect((await said('FailedComputeMetricsReplicas')).message).toBe(
    'invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics yet',
  )
  await pass(turn)
  await plane.until(events, (all) =>
    all.some(({ reason, count }) => reason === 'FailedGetResourceMetric' && count === 2),
  )
  reading = usage(75)
  await pass(turn)
  await expect.poll(replicasOf).toBe(2)
})

describe('a target without a scale', () => {
  it.each([
    [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, 'deployments.apps "none" not found'],
    [
      { apiVersion: 'toys.example.com/v1', kind: 'Top', name: 'a' },
      'no matches for kind "Top" in group "toys.example.com"',
    ],
  ])('is reported: %o', async (scaleTargetRef, why) => {
    start()
    await autoscale({ scaleTargetRef })
    await pass(turn)
    await expect.poll(reasonsOf).toEqual({ AbleToScale: 'FailedGetScale' })
    const message = `the HPA controller was unable to get the target's current scale: ${why}`
    expect((await statusOf())?.conditions?.[0]).toMatchObject({ status: 'False', message })
    expect((await said('FailedGetScale')).message).toBe(why)
  })
})

it('leaves a target at zero alone, and keeps it within the bounds otherwise', async () => {
  start()
  await workload(deployments, 0)
  await autoscale({ minReplicas: 2, maxReplicas: 3 })
  await pass(turn)
  await expect.poll(reasonsOf).toMatchObject({ ScalingActive: 'ScalingDisabled' })
  expect(await replicasOf()).toBe(0)
  const scaleTo = (replicas: number) =>
    plane.client.patch(
      deployments,
      { namespace: 'default', name: 'web' },
      { type: 'merge', body: { spec: { replicas } } },
    )
  await scaleTo(1)
  await pass(turn)
  await expect.poll(replicasOf).toBe(2)
  await scaleTo(9)
  await pass(turn)
  await expect.poll(replicasOf).toBe(3)
  const messages = async () =>
    (await plane.client.list(events, { namespace: 'default' })).items.map(({ message }) => message)
  await expect
    .poll(messages)
    .toEqual(
      expect.arrayContaining([
        'New size: 2; reason: Current number of replicas below Spec.MinReplicas',
        'New size: 3; reason: Current number of replicas above Spec.MaxReplicas',
      ]),
    )
})

it('refuses pods that two autoscalers select, until one of them goes', async () => {
  start()
  await workload(deployments, 2)
  await autoscale()
  await autoscale({}, 'other')
  reading = usage(75)
  await pass(2 * turn)
  await expect.poll(() => reasonsOf('other')).toMatchObject({ ScalingActive: 'AmbiguousSelector' })
  expect((await statusOf('other'))?.conditions?.find(({ type }) => type === 'ScalingActive')?.message).toBe(
    'pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]',
  )
  const before = await replicasOf()
  await pass(turn)
  expect(await replicasOf()).toBe(before)
  await plane.client.delete(horizontalPodAutoscalers, { namespace: 'default', name: 'other' })
  await pass(turn)
  await expect.poll(reasonsOf).toMatchObject({ ScalingActive: 'ValidMetricFound' })
})
