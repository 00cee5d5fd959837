import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { clusterVolumeProvisioner } from '#shared/kube/cluster-volumes.ts'
import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { persistentVolumeClaims, persistentVolumes } from '#shared/kube/resources.ts'
import { provisionedBy } from '#shared/kube/volume-binding.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/**
 * Tells of a claim that is to be larger who has to expand its volume: no volume is expanded here, as with Kubernetes'
 * controller, whose volumes are all those of external drivers by now. The default class has its own (`volume-provisioner`).
 */
export function startVolumeExpand(context: ControllerContext): Stop {
  const recorder = recorderOf(context, 'volume-expand', 'volume_expand')
  const claims = context.informers.share(persistentVolumeClaims)
  const volumes = context.informers.share(persistentVolumes)
  /** The size that was told of, by the claim's uid. */
  const told = new Map<string, string>()

  async function reconcile(key: string): Promise<Outcome> {
    const claim = claims.get(key)
    const volume = claim && volumes.get(claim.spec?.volumeName ?? '')
    if (!claim || !volume || volume.spec?.claimRef?.uid !== claim.metadata.uid) return undefined
    if (volume.metadata.annotations?.[provisionedBy] === clusterVolumeProvisioner) return undefined
    const wanted = sizeOf(claim)
    const { uid } = claim.metadata
    if (compareQuantities(wanted, claim.status?.capacity?.['storage'] ?? wanted) <= 0) told.delete(uid)
    else if (told.get(uid) !== wanted) {
      told.set(uid, wanted)
      const about = { ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
      recorder.event(about, 'Normal', 'ExternalExpanding', 'waiting for an external controller to expand this PVC')
    }
    return undefined
  }

  const stopWatching = claims.onChange({ deleted: ({ metadata }) => void told.delete(metadata.uid) })
  const controller = runController({
    ...context,
    name: 'volume-expand',
    reconcile,
    shares: [claims, volumes],
    watches: [
      watch(claims, keyOf, (previous, claim) => previous.metadata.resourceVersion !== claim.metadata.resourceVersion),
    ],
  })
  return async () => {
    void stopWatching()
    await controller.stop()
  }
}

const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.['storage'] ?? '0'
