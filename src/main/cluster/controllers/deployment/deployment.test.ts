import { afterEach, beforeEach, expect, it } from 'vitest'
import { isPodActive } from '#shared/kube/pod.ts'
import type { Deployment, DeploymentStrategy, ReplicaSet } from '#shared/kube/generated/types.ts'
import { deployments, events, pods, replicaSets } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startDeployments } from './index.ts'
import { startReplicaSets } from '../replicaset.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

it('rolls out: a ReplicaSet named by its template, conditions, revision, event', async () => {
  startAll()
  await plane.client.create(deployments, web({ replicas: 3 }))
  const deployment = await rolledOut()
  expect(deployment.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1')
  expect(conditions(deployment)).toMatchObject({
    Available: { status: 'True', reason: 'MinimumReplicasAvailable' },
    Progressing: { status: 'True', reason: 'NewReplicaSetAvailable' },
  })
  expect(deployment.status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 })
  const [set] = await sets()
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
  expect(set?.metadata.name).toBe(`web-${hash}`)
  expect(set?.spec?.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash })
  const said = await plane.until(events, (all) => all.some(({ reason }) => reason === 'ScalingReplicaSet'))
  expect(said.find(({ reason }) => reason === 'ScalingReplicaSet')?.message).toBe(
    `Scaled up replica set web-${hash} from 0 to 3`,
  )
})

it('notes the revision without a new generation', async () => {
  startAll()
  await plane.client.create(deployments, web({ replicas: 1 }))
  const { metadata, status } = await rolledOut()
  expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1')
  expect(metadata.generation).toBe(1)
  expect(status?.observedGeneration).toBe(1)
})

it('keeps between the bounds of maxSurge and maxUnavailable while it rolls over', async () => {
  startAll()
  await plane.client.create(deployments, web({ replicas: 10, strategy: rolling('20%', '10%') }))
  await rolledOut()
  let most = 0
  let leastAvailable = Infinity
  const watching = plane.until(replicaSets, (all) => {
    most = Math.max(
      most,
      sum(all, (set) => set.spec?.replicas),
    )
    leastAvailable = Math.min(
      leastAvailable,
      sum(all, (set) => Math.min(set.spec?.replicas ?? 0, set.status?.availableReplicas ?? 0)),
    )
    return all.length === 2 && all.some((set) => set.spec?.replicas === 0 && set.status?.replicas === 0)
  })
  await patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } } } })
  await watching
  await rolledOut()
  expect(most).toBe(12)
  expect(leastAvailable).toBeGreaterThanOrEqual(9)
  const all = (await plane.client.list(pods)).items.filter(isPodActive)
  expect(new Set(all.map((pod) => pod.spec?.containers[0]?.image))).toEqual(new Set(['nginx:2']))
})

it('waits with a roll-over whose new pods do not become ready, keeping the old ones', async () => {
  plane.startKubelets({ run: (pod) => (pod.spec?.containers[0]?.image === 'broken' ? 'running' : 'ready') })
  startControllers()
  await plane.client.create(deployments, web({ replicas: 4, strategy: rolling(1, 0) }))
  await rolledOut()
  await patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'broken' }] } } } })
  const stuck = await plane.untilOne(
    deployments,
    'web',
    ({ status }) => status?.updatedReplicas === 1 && status.replicas === 5,
  )
  expect(stuck.status).toMatchObject({ availableReplicas: 4, unavailableReplicas: 1 })
  expect(conditions(stuck).Available?.status).toBe('True')

  // Rolling back is a change of the template: the old ReplicaSet becomes the newest revision.
  await patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx' }] } } } })
  const back = await rolledOut()
  expect(back.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3')
  const current = (await sets()).find((set) => set.spec?.replicas === 4)
  expect(current?.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  })
})

it('recreates: never an old and a new pod at the same time, terminating ones included', async () => {
  startAll()
  await plane.client.create(deployments, web({ replicas: 3, strategy: { type: 'Recreate' } }))
  await rolledOut()
  let mixed = false
  const watching = plane.until(pods, (all) => {
    mixed ||= new Set(all.map((pod) => pod.spec?.containers[0]?.image)).size > 1
    return all.length === 3 && all.every((pod) => pod.spec?.containers[0]?.image === 'nginx:2')
  })
  await patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } } } })
  await watching
  await rolledOut()
  expect(mixed).toBe(false)
})

it('scales, and rolls nothing out while paused', async () => {
  startAll()
  await plane.client.create(deployments, web({ replicas: 2 }))
  await rolledOut()
  await patch({ spec: { paused: true, template: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } } } })
  await plane.untilOne(
    deployments,
    'web',
    (deployment) => conditions(deployment).Progressing?.reason === 'DeploymentPaused',
  )
  await patch({ spec: { replicas: 5 } })
  await plane.untilOne(deployments, 'web', ({ status }) => status?.availableReplicas === 5)
  expect(await sets()).toHaveLength(1)
  await patch({ spec: { paused: false } })
  await rolledOut()
  expect(await sets()).toHaveLength(2)
})

it('shares a resize among the ReplicaSets of a roll-over that is under way', async () => {
  plane.startKubelets({ run: (pod) => (pod.spec?.containers[0]?.image === 'broken' ? 'running' : 'ready') })
  startControllers()
  await plane.client.create(deployments, web({ replicas: 10, strategy: rolling(3, 2) }))
  await rolledOut()
  await patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'broken' }] } } } })
  await plane.until(replicaSets, (all) => sizes(all).join() === '5,8')
  await patch({ spec: { replicas: 15 } })
  // 18 pods may exist; 13 did: the larger set takes 3 of the 5 new ones, the smaller 2.
  const after = await plane.until(replicaSets, (all) => sum(all, (set) => set.spec?.replicas) === 18)
  expect(sizes(after)).toEqual([7, 11])
})

it('keeps as many old ReplicaSets as revisionHistoryLimit says', async () => {
  startAll()
  await plane.client.create(deployments, web({ replicas: 1, revisionHistoryLimit: 2 }))
  await rolledOut()
  for (const image of ['nginx:2', 'nginx:3', 'nginx:4', 'nginx:5']) {
    await patch({ spec: { template: { spec: { containers: [{ name: 'web', image }] } } } })
    await rolledOut(image)
  }
  const left = await plane.until(replicaSets, (all) => all.length === 3)
  const revisions = left.map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'])
  expect(revisions.sort()).toEqual(['3', '4', '5'])
})

it('reports a rollout that does not progress within its deadline', async () => {
  plane.startKubelets({ run: () => 'running' })
  startControllers()
  await plane.client.create(deployments, web({ replicas: 1, progressDeadlineSeconds: 1 }))
  const late = await plane.untilOne(
    deployments,
    'web',
    (deployment) => conditions(deployment).Progressing?.reason === 'ProgressDeadlineExceeded',
  )
  expect(conditions(late)).toMatchObject({ Progressing: { status: 'False' }, Available: { status: 'False' } })
})

it('goes on where another left off', async () => {
  plane.startKubelets()
  const stops = startControllers()
  await plane.client.create(deployments, web({ replicas: 12 }))
  await rolledOut()
  await patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } } } })
  await plane.until(replicaSets, (all) => all.length === 2)
  for (const stop of stops) await stop()
  startControllers()
  await rolledOut('nginx:2')
  expect(sizes(await sets())).toEqual([0, 12])
})

function startAll(): void {
  plane.startKubelets()
  startControllers()
}

const startControllers = () => [plane.start(startReplicaSets), plane.start(startDeployments)]

const rolledOut = (image?: string): Promise<Deployment> =>
  plane.untilOne(deployments, 'web', ({ metadata, spec, status }) => {
    const wanted = spec?.replicas ?? 1
    return (
      (image === undefined || spec?.template.spec?.containers[0]?.image === image) &&
      status?.observedGeneration === metadata.generation &&
      status?.updatedReplicas === wanted &&
      status.replicas === wanted &&
      status.availableReplicas === wanted &&
      status.conditions?.some(({ reason }) => reason === 'NewReplicaSetAvailable') === true
    )
  })

const sets = async (): Promise<ReplicaSet[]> => (await plane.client.list(replicaSets)).items

const sum = (all: ReplicaSet[], value: (set: ReplicaSet) => number | undefined): number =>
  all.reduce((total, set) => total + (value(set) ?? 0), 0)

const sizes = (all: ReplicaSet[]): number[] => all.map((set) => set.spec?.replicas ?? 0).sort((a, b) => a - b)

const conditions = ({ status }: Deployment): Record<string, { status: string; reason?: string } | undefined> =>
  Object.fromEntries(status?.conditions?.map((condition) => [condition.type, condition]) ?? [])

const patch = (body: unknown): Promise<Deployment> =>
  plane.client.patch(deployments, { namespace: 'default', name: 'web' }, { type: 'merge', body })

const rolling = (maxSurge: number | string, maxUnavailable: number | string): DeploymentStrategy => ({
  type: 'RollingUpdate',
  rollingUpdate: { maxSurge, maxUnavailable },
})

const web = (spec: Partial<Deployment['spec']>): Deployment => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    progressDeadlineSeconds: 600,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
    ...spec,
  },
})
