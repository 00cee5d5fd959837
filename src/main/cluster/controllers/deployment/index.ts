import type { Stop } from '#shared/base/disposable.ts'
import { waitForAll } from '#shared/base/wait-for-all.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { isAlreadyExists, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Deployment, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { deployments, pods, replicaSets } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { claim, controllerOf, dependentsOf, indexByController, workloadsOf } from '#shared/reconcile/ownership.ts'
import { decide, type Change, type Decision } from './decide.ts'
import { revisionAnnotation } from './revision.ts'
import { sameTemplate, type PlannedSet, type Rollout } from './rollout.ts'
import { msUntilDeadline, statusOf, type Progress } from './status.ts'

/**
 * Reconciles Deployments: reads the caches, decides (decide.ts), writes the changes, then the status (status.ts). Every
 * write can be repeated, so a process that ends between any two of them leaves nothing that the next reconcile does
 * not bring to its end.
 */
export function startDeployments(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'deployment', 'deployment-controller')
  const deploymentInformer = context.informers.share(deployments)
  const sets = context.informers.share(replicaSets)
  const podInformer = context.informers.share(pods)
  indexByController(sets)
  indexByController(podInformer)

  async function reconcile(key: string): Promise<Outcome> {
    const deployment = deploymentInformer.get(key)
    if (!deployment) return undefined
    const claimed = await claim({
      client,
      owner: deployment,
      ownerResource: deployments,
      resource: replicaSets,
      informer: sets,
      selected: (set) => selects(deployment.spec?.selector, set.metadata.labels),
    })
    const podsOf = (set: PlannedSet): Pod[] => dependentsOf(podInformer, set)
    const decision = decide({ deployment, sets: claimed, podsOf })
    await carryOut(deployment, decision)
    return writeStatus(withRevision(deployment, decision.revision), decision.rollout, decision.progress)
  }

  async function carryOut(deployment: Stored<Deployment>, { changes, rollout }: Decision): Promise<void> {
    for (const { set, event } of changes.filter(({ verb }) => verb === 'create'))
      await createSet(deployment, set, event, rollout)
    await waitForAll(changes.filter(({ verb }) => verb === 'update').map((change) => updateSet(deployment, change)))
    await waitForAll(changes.filter(({ verb }) => verb === 'delete').map(({ set }) => deleteSet(set)))
  }

  async function createSet(
    deployment: Stored<Deployment>,
    set: PlannedSet,
    event: string | undefined,
    rollout: Rollout,
  ): Promise<void> {
    try {
      await sets.caughtUp(await client.create(replicaSets, set))
      if (event) recordScaling(deployment, event)
    } catch (error) {
      if (isAlreadyExists(error)) return resolveCollision(deployment, set)
      const message = `Failed to create new replica set "${set.metadata.name}": ${messageOf(error)}`
      rollout.current = undefined
      await writeStatus(deployment, rollout, { status: 'False', reason: 'ReplicaSetCreateError', message })
      throw error
    }
  }

  /** The name is taken: by our own creation that the cache does not show yet, or by a template with an equal hash. */
  async function resolveCollision(deployment: Stored<Deployment>, wanted: PlannedSet): Promise<void> {
    const live = await client.get(replicaSets, refOf(wanted))
    const isOurs = controllerOf(live)?.uid === deployment.metadata.uid
    if (isOurs && sameTemplate(live.spec?.template, deployment.spec?.template)) {
      await sets.caughtUp(live)
      return
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
    const status = { ...deployment.status, collisionCount }
    await deploymentInformer.caughtUp(await client.updateStatus(deployments, { ...deployment, status }))
    throw new Error(`hash collision for deployment ${keyOf(deployment)}, trying again with another hash`)
  }

  async function updateSet(deployment: Stored<Deployment>, { set, event }: Change): Promise<void> {
    await sets.caughtUp(await client.update(replicaSets, set))
    if (event) recordScaling(deployment, event)
  }

  async function deleteSet(set: PlannedSet): Promise<void> {
    try {
      await client.delete(replicaSets, refOf(set), { preconditions: { uid: set.metadata.uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  async function writeStatus(
    deployment: Stored<Deployment>,
    rollout: Rollout,
    progress: Progress | undefined,
  ): Promise<Outcome> {
    const status = statusOf(rollout, progress, clock.now())
    if (!jsonEqual(status, deployment.status) || deployment !== rollout.deployment)
      await deploymentInformer.caughtUp(await client.updateStatus(deployments, { ...deployment, status }))
    const requeueAfter = msUntilDeadline(rollout, status, clock.now())
    return requeueAfter === undefined ? undefined : { requeueAfter }
  }

  const recordScaling = (deployment: Stored<Deployment>, message: string): void =>
    recorder.event(withType(deployments, deployment), 'Normal', 'ScalingReplicaSet', message)

  const deploymentsOf = workloadsOf({
    informer: deploymentInformer,
    resource: deployments,
    selectorOf: ({ spec }) => spec?.selector,
  })

  /** Pods matter to Recreate alone, which waits for the last of the old ones. */
  function recreatedDeployments(pod: Stored<Pod>): string[] {
    const controller = controllerOf(pod)
    const set = controller && sets.get(`${pod.metadata.namespace}/${controller.name}`)
    if (!set) return []
    return deploymentsOf(set).filter((key) => deploymentInformer.get(key)?.spec?.strategy?.type === 'Recreate')
  }

  const controller = runController({
    ...context,
    name: 'deployment',
    reconcile,
    shares: [deploymentInformer, sets, podInformer],
    workers: 16,
    watches: [
      watch(deploymentInformer, keyOf),
      watch(sets, deploymentsOf),
      watch(podInformer, recreatedDeployments, (previous, pod) => previous.status?.phase !== pod.status?.phase),
    ],
  })

  return () => controller.stop()
}

/**
 * The revision is an annotation, for `kubectl rollout history` and `undo`. It is written with the status, as Kubernetes
 * does: there a change of annotations is no new generation.
 */
const withRevision = (deployment: Stored<Deployment>, revision: string | undefined): Stored<Deployment> =>
  revision === undefined
    ? deployment
    : {
        ...deployment,
        metadata: {
          ...deployment.metadata,
          annotations: { ...deployment.metadata.annotations, [revisionAnnotation]: revision },
        },
      }
