import { messageOf } from '#shared/base/message-of.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import type { PersistentVolumeClaim, Pod, Volume } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { persistentVolumeClaims, pods } from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerReference, isControlledBy } from '#shared/reconcile/ownership.ts'

/**
 * Creates the claims of pods' ephemeral volumes, as Kubernetes' ephemeral-volume-controller. A claim goes with its pod by
 * garbage collection, and is created anew when it is deleted before.
 */
export function startEphemeralVolumes(context: ControllerContext): Stop {
  const { client } = context
  const recorder = recorderOf(context, 'ephemeral-volume', 'ephemeral_volume')
  const podInformer = context.informers.share(pods)
  const claims = context.informers.share(persistentVolumeClaims)
  podInformer.addIndex(byClaim, claimKeysOf)

  async function reconcile(key: string): Promise<Outcome> {
    const pod = podInformer.get(key)
    if (!pod || pod.metadata.deletionTimestamp) return undefined
    for (const volume of pod.spec?.volumes ?? []) {
      if (!volume.ephemeral) continue
      try {
        await provide(pod, volume)
      } catch (error) {
        const message = `ephemeral volume ${volume.name}: ${messageOf(error)}`
        recorder.event(withType(pods, pod), 'Warning', 'FailedBinding', message)
        throw new Error(`pod ${key}, ${message}`, { cause: error })
      }
    }
    return undefined
  }

  async function provide(pod: Stored<Pod>, volume: Volume): Promise<void> {
    const claim = claimOf(pod, volume)
    const present = claims.get(keyOf(claim))
    if (!present) return create(claim)
    if (!isControlledBy(present, pod))
      throw new Error(`PVC ${keyOf(present)} was not created for pod ${keyOf(pod)} (pod is not owner)`)
  }

  async function create(claim: Named<PersistentVolumeClaim>): Promise<void> {
    try {
      await claims.caughtUp(await client.create(persistentVolumeClaims, claim))
    } catch (error) {
      throw new Error(`create PVC ${claim.metadata.name}: ${messageOf(error)}`, { cause: error })
    }
  }

  const controller = runController({
    ...context,
    name: 'ephemeral-volume',
    reconcile,
    shares: [podInformer, claims],
    workers: 10,
    watches: [
      watch(podInformer, (pod) => (claimKeysOf(pod).length > 0 ? keyOf(pod) : undefined)),
      watch(claims, (claim) => podInformer.byIndex(byClaim, keyOf(claim)).map(keyOf)),
    ],
  })

  return async () => {
    await controller.stop()
    await recorder.flush()
  }
}

/** Index of pods by the claims of their ephemeral volumes. */
const byClaim = 'ephemeral-claim'

const claimKeysOf = (pod: Stored<Pod>): string[] =>
  (pod.spec?.volumes ?? []).flatMap((volume) => (volume.ephemeral ? [keyOf(claimOf(pod, volume))] : []))

function claimOf(pod: Stored<Pod>, { name, ephemeral }: Volume): Named<PersistentVolumeClaim> {
  const { metadata, spec } = ephemeral?.volumeClaimTemplate ?? {}
  const { labels, annotations } = metadata ?? {}
  return {
    metadata: {
      namespace: pod.metadata.namespace,
      name: `${pod.metadata.name}-${name}`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(pod, pods)],
    },
    ...(spec ? { spec } : {}),
  }
}

type Named<T extends { metadata: object }> = T & { metadata: { name: string } }
