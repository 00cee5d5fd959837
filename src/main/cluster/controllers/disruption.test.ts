import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Event, PodDisruptionBudgetSpec, ReplicaSet } from '#shared/kube/generated/types.ts'
import { events, jobs, podDisruptionBudgets, pods, replicaSets } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startDisruption } from './disruption.ts'
import { startReplicaSets } from './replicaset.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.startKubelets()
  plane.start(startReplicaSets)
  plane.start((context) => startDisruption(context, { resources: () => [replicaSets, jobs] }))
  await plane.client.create(replicaSets, webSet(4))
  await plane.untilOne(replicaSets, 'web', ({ status }) => status?.readyReplicas === 4)
})
afterEach(() => plane.stop())

const labels = { app: 'web' }
const webSet = (replicas: number): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
  },
})

const budget = (spec: Partial<PodDisruptionBudgetSpec>) =>
  plane.client.create(podDisruptionBudgets, {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, ...spec },
  })
const allowed = (count: number) =>
  plane.untilOne(podDisruptionBudgets, 'b', ({ status }) => status?.disruptionsAllowed === count)

it('says so when it finds no pod', async () => {
  await budget({ minAvailable: 1, selector: { matchLabels: { app: 'absent' } } })
  expect(await eventOf('NoPods')).toMatchObject({
    type: 'Normal',
    reason: 'NoPods',
    message: 'No matching pods found',
    source: { component: 'controllermanager' },
    involvedObject: { kind: 'PodDisruptionBudget', name: 'b' },
  })
})

it('says so when it cannot know how many pods there should be', async () => {
  await plane.client.create(pods, {
    metadata: { name: 'bare', namespace: 'default', labels: { app: 'bare', tier: 'a' } },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
  })
  const selector = {
    matchLabels: { tier: 'a', app: 'bare' },
    matchExpressions: [{ key: 'app', operator: 'In', values: ['bare', 'other'] }],
  }
  await budget({ maxUnavailable: 1, selector })
  expect(await eventOf('UnmanagedPods')).toMatchObject({
    type: 'Warning',
    message:
      'Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: ' +
      'bare,tier: a,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:app,Operator:In,' +
      'Values:[bare other],},},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated ' +
      'correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" ' +
      'field of the PDB to an integer value.',
  })
})

async function eventOf(wanted: string): Promise<Event | undefined> {
  const all = await plane.until(events, (seen) => seen.some(({ reason }) => reason === wanted))
  return all.find(({ reason }) => reason === wanted)
}

async function evict(): Promise<unknown> {
  const { items } = await plane.client.list(pods)
  const name = items.find(({ metadata }) => !metadata.deletionTimestamp)?.metadata.name ?? ''
  return plane.client.transport.request({
    method: 'POST',
    path: `/api/v1/namespaces/default/pods/${name}/eviction`,
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } },
  })
}

it.each<[Partial<PodDisruptionBudgetSpec>, number, number]>([
  [{ minAvailable: 3 }, 1, 3],
  [{ maxUnavailable: 2 }, 2, 2],
  [{ minAvailable: '30%' }, 2, 2],
  [{ maxUnavailable: '25%' }, 1, 3],
])('a budget of %j allows %d to go, so that %d stay', async (spec, free, desired) => {
  await budget(spec)
  const { status } = await allowed(free)
  expect(status).toMatchObject({ currentHealthy: 4, desiredHealthy: desired, expectedPods: 4 })
})

it('a budget without an amount lets no pod go', async () => {
  await budget({})
  const { status } = await plane.untilOne(podDisruptionBudgets, 'b', (found) => found.status?.observedGeneration === 1)
  expect(status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 4, desiredHealthy: 0, expectedPods: 0 })
  await expect(evict()).rejects.toMatchObject({ code: 429 })
})

it('evictions take from it until nothing is left, and pods that come back fill it again', async () => {
  await budget({ minAvailable: 4 })
  await allowed(0)
  await expect(evict()).rejects.toMatchObject({
    code: 429,
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    status: {
      details: {
        causes: [
          { reason: 'DisruptionBudget', message: 'The disruption budget b needs 4 healthy pods and has 4 currently' },
        ],
      },
    },
  })
  await plane.client.patch(
    podDisruptionBudgets,
    { namespace: 'default', name: 'b' },
    { type: 'merge', body: { spec: { minAvailable: 3 } } },
  )
  await allowed(1)
  await evict()
  await allowed(1)
})

/** A ready pod with the labels, of a controller that says nothing about its replicas. */
async function podOf(kind: string, apiVersion: string): Promise<void> {
  const owner = { apiVersion, kind, name: 'x', uid: 'u', controller: true }
  await plane.client.create(pods, {
    metadata: { name: 'odd', namespace: 'default', labels, ownerReferences: [owner] },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
  })
}

it.each([
  ['Job', 'batch/v1', 'jobs.batch does not implement the scale subresource'],
  ['Top', 'toys.example.com/v1', 'no matches for kind "Top" in version "toys.example.com/v1"'],
  ['ReplicaSet', 'apps/v1', 'found no controllers for pod "odd"'],
])('lets nothing go while the %s of a pod of %s does not tell its replicas', async (kind, apiVersion, why) => {
  await podOf(kind, apiVersion)
  await budget({ maxUnavailable: 1 })
  const { status } = await plane.untilOne(
    podDisruptionBudgets,
    'b',
    (each) => each.status?.conditions?.[0]?.reason === 'SyncFailed',
  )
  expect(status).toMatchObject({ disruptionsAllowed: 0, conditions: [{ status: 'False', message: why }] })
  const message = `Failed to calculate the number of expected pods: ${why}`
  expect(await eventOf('CalculateExpectedPodCountFailed')).toMatchObject({ type: 'Warning', message })
})

it('counts present pods for a plain number, whoever controls them', async () => {
  await podOf('Job', 'batch/v1')
  await budget({ minAvailable: 3 })
  expect((await allowed(2)).status).toMatchObject({ expectedPods: 5, currentHealthy: 5 })
})
