import { afterEach, beforeEach, expect, it } from 'vitest'
import { isPodActive } from '#shared/kube/pod.ts'
import type { DaemonSet, Node, Pod } from '#shared/kube/generated/types.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '#shared/kube/resources.ts'
import { startControlPlane, type KubeletBehaviour, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startDaemonSets } from './index.ts'

let plane: TestControlPlane
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
})
afterEach(() => plane.stop())

it('runs one pod on every node that it fits, and follows the nodes', async () => {
  startAll()
  for (const name of ['a', 'b', 'c']) await plane.client.create(nodes, node(name))
  await plane.client.create(nodes, { ...node('tainted'), spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } })
  await plane.client.create(nodes, node('elsewhere', {}))
  await plane.client.create(daemonSets, logger({}))
  const { status } = await available(3)
  expect(status).toMatchObject({
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    numberReady: 3,
    numberMisscheduled: 0,
  })
  expect(await nodesOfPods()).toEqual(['a', 'b', 'c'])

  await plane.client.create(nodes, node('d'))
  await available(4)
  await plane.client.patch(nodes, { name: 'b' }, { type: 'merge', body: { metadata: { labels: { logs: null } } } })
  await plane.until(pods, (all) => all.length === 3)
  await available(3)
  expect(await nodesOfPods()).toEqual(['a', 'c', 'd'])
})

it('keeps conditions that others have written', async () => {
  startAll()
  await plane.client.create(nodes, node('a'))
  await plane.client.create(daemonSets, logger({}))
  await available(1)
  const set = await plane.client.get(daemonSets, { namespace: 'default', name: 'logger' })
  const { status = expect.fail('no status') } = set
  const conditions = [{ type: 'Reviewed', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
  await plane.client.updateStatus(daemonSets, { ...set, status: { ...status, conditions } })
  await plane.client.create(nodes, node('b'))
  expect((await available(2)).status?.conditions).toEqual(conditions)
})

it('tolerates what drives other pods off a node', async () => {
  startAll()
  const lost = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
  await plane.client.create(nodes, { ...node('a'), spec: { taints: [lost, cordon] } })
  await plane.client.create(daemonSets, logger({}))
  await available(1)
})

it('rolls over as many pods at a time as may be unavailable', async () => {
  startAll()
  for (const name of ['a', 'b', 'c', 'd']) await plane.client.create(nodes, node(name))
  await plane.client.create(
    daemonSets,
    logger({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } }),
  )
  await available(4)
  let least = 4
  const done = plane.until(pods, (all) => {
    least = Math.min(
      least,
      all.filter((pod) => isPodActive(pod) && pod.status?.conditions?.[0]?.status === 'True').length,
    )
    return (
      all.length === 4 && all.every((pod) => imageOf(pod) === 'new' && pod.status?.conditions?.[0]?.status === 'True')
    )
  })
  await setImage('new')
  await done
  expect(least).toBe(2)
  await plane.untilOne(daemonSets, 'logger', ({ status }) => status?.updatedNumberScheduled === 4)
  const history = (await plane.client.list(controllerRevisions)).items.map(({ revision }) => revision)
  expect(history.sort()).toEqual([1, 2])
  const all = (await plane.client.list(pods)).items
  expect(new Set(all.map(({ metadata }) => metadata.labels?.['controller-revision-hash'])).size).toBe(1)
})

it('doubles pods under a surge, so that none is missing', async () => {
  startAll()
  for (const name of ['a', 'b', 'c']) await plane.client.create(nodes, node(name))
  await plane.client.create(
    daemonSets,
    logger({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } }),
  )
  await available(3)
  let least = 3
  const done = plane.until(pods, (all) => {
    const ready = all.filter((pod) => isPodActive(pod) && pod.status?.conditions?.[0]?.status === 'True')
    least = Math.min(least, new Set(ready.map(({ spec }) => spec?.nodeName)).size)
    return all.length === 3 && all.every((pod) => imageOf(pod) === 'new')
  })
  await setImage('new')
  await done
  expect(least).toBe(3)
})

it('makes a new revision of an old template that comes back', async () => {
  startAll()
  await plane.client.create(nodes, node('a'))
  await plane.client.create(daemonSets, logger({}))
  await available(1)
  for (const image of ['new', 'nginx']) {
    await setImage(image)
    await plane.until(pods, (all) => all.length === 1 && all.every((pod) => imageOf(pod) === image))
  }
  const revisions = await plane.until(controllerRevisions, (all) => all.some(({ revision }) => revision === 3))
  expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3])
})

it('leaves pods of the old template alone under OnDelete', async () => {
  startAll()
  for (const name of ['a', 'b']) await plane.client.create(nodes, node(name))
  await plane.client.create(daemonSets, logger({ updateStrategy: { type: 'OnDelete' } }))
  await available(2)
  await setImage('new')
  await plane.untilOne(
    daemonSets,
    'logger',
    ({ metadata, status }) => status?.observedGeneration === metadata.generation,
  )
  const [first] = (await plane.client.list(pods)).items
  await plane.client.delete(pods, { namespace: 'default', name: first?.metadata.name ?? '' })
  const all = await plane.until(pods, (list) => list.length === 2 && list.some((pod) => imageOf(pod) === 'new'))
  expect(all.map(imageOf).sort()).toEqual(['new', 'nginx'])
})

it('replaces failed pods, the first at once, the next after a pause', async () => {
  let runs = 0
  startAll({ run: () => (++runs < 3 ? 'failed' : 'ready') })
  await plane.client.create(nodes, node('a'))
  await plane.client.create(daemonSets, logger({}))
  await plane.until(pods, (all) => runs === 2 && all[0]?.status?.phase === 'Failed')
  await settle()
  await clock.advance(999)
  expect(runs).toBe(2)
  await clock.advance(1)
  await available(1)
  expect(runs).toBe(3)
})

function startAll(behaviour: KubeletBehaviour = {}): void {
  plane.startKubelets({ nodeOf: targetOf, ...behaviour })
  plane.start(startDaemonSets)
}

/** The scheduler's part: the one node that the affinity leaves. */
const targetOf = ({ spec }: Pod): string | undefined =>
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0]

const available = (count: number): Promise<DaemonSet> =>
  plane.untilOne(
    daemonSets,
    'logger',
    ({ status }) => (status?.numberAvailable ?? 0) === count && status?.desiredNumberScheduled === count,
  )

const nodesOfPods = async (): Promise<unknown[]> =>
  (await plane.client.list(pods)).items.map(({ spec }) => spec?.nodeName).sort()

const imageOf = ({ spec }: Pod): string | undefined => spec?.containers[0]?.image

const setImage = (image: string): Promise<DaemonSet> =>
  plane.client.patch(
    daemonSets,
    { namespace: 'default', name: 'logger' },
    { type: 'merge', body: { spec: { template: { spec: { containers: [{ name: 'logger', image }] } } } } },
  )

const node = (name: string, labels: Record<string, string> = { logs: 'yes' }): Node => ({ metadata: { name, labels } })

const logger = (spec: Partial<DaemonSet['spec']>): DaemonSet => ({
  metadata: { name: 'logger', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'logger' } },
    template: {
      metadata: { labels: { app: 'logger' } },
      spec: { nodeSelector: { logs: 'yes' }, containers: [{ name: 'logger', image: 'nginx' }] },
    },
    ...spec,
  },
})
