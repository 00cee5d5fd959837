import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import {
  clusterVolumeProvisioner,
  hasClusterVolume,
  onlyNodeOf,
  type VolumeData,
} from '#shared/kube/cluster-volumes.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import type { Stored } from '#shared/kube/object.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import { nodes, persistentVolumes } from '#shared/kube/resources.ts'
import { volumeSnapshotContents, volumeSnapshots, type VolumeSnapshotContent } from '#shared/kube/snapshots.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { capacityOf } from '#shared/kube/volume-binding.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { beingDeleted, contentFinalizer } from './snapshots.ts'

type Content = Stored<VolumeSnapshotContent>

/** How soon a copy or removal that failed is tried again, ms. */
const retryMs = 5_000

/**
 * Makes and removes the data of snapshots of the default class's volumes, as csi-snapshotter does with a driver: a snapshot
 * is a folder beside those of the volumes, and a complete copy.
 */
export function startSnapshotContents(
  context: ControllerContext,
  { volumeData }: { volumeData?: VolumeData | undefined },
): Stop {
  const { client, clock, informers } = context
  const contents = informers.share(volumeSnapshotContents)
  const snapshots = informers.share(volumeSnapshots)
  const volumes = informers.share(persistentVolumes)
  const nodeInformer = informers.share(nodes)

  async function reconcile(name: string): Promise<Outcome> {
    const content = contents.get(name)
    if (content?.spec.driver !== clusterVolumeProvisioner) return undefined
    const isDeleted = content.metadata.deletionTimestamp !== undefined
    if (!isDeleted && content.status?.readyToUse) return undefined
    try {
      if (isDeleted) await remove(content)
      else await make(content)
      return undefined
    } catch (error) {
      const message = messageOf(error)
      if (!isNotFound(error) && content.status?.error?.message !== message)
        await writeStatus(content, { readyToUse: false, error: { message, time: timestamp(clock.now()) } })
      return { requeueAfter: retryMs }
    }
  }

  async function make(content: Content): Promise<void> {
    const { volumeHandle, snapshotHandle } = content.spec.source
    if (snapshotHandle !== undefined) return writeStatus(content, { snapshotHandle, readyToUse: true })
    const volume = volumes.get(volumeHandle ?? '')
    if (!volume) throw new Error(`volume "${volumeHandle ?? ''}" not found`)
    const only = onlyNodeOf(volume)
    if (only !== undefined) throw new Error(`the data of volume "${volume.metadata.name}" is on node "${only}" alone`)
    const handle = `snapshot-${content.spec.volumeSnapshotRef.uid ?? content.metadata.uid}`
    await volumeData?.copy(node(), volume.metadata.name, handle)
    await writeStatus(content, {
      snapshotHandle: handle,
      creationTime: clock.now() * 1e6,
      restoreSize: quantityValue(capacityOf(volume)),
      readyToUse: true,
    })
  }

  /** A content that its snapshot still needs stays, under deletion, until that goes. */
  async function remove(content: Content): Promise<void> {
    const { deletionPolicy, volumeSnapshotRef: ref } = content.spec
    const { annotations, finalizers = [], uid } = content.metadata
    if (!finalizers.includes(contentFinalizer)) return
    const snapshot = snapshots.get(`${ref.namespace ?? ''}/${ref.name ?? ''}`)
    const isNeeded = snapshot !== undefined && snapshot.metadata.uid === ref.uid
    if (isNeeded && annotations?.[beingDeleted] === undefined) return
    const handle = content.status?.snapshotHandle
    if (deletionPolicy === 'Delete' && handle !== undefined) await volumeData?.remove(node(), handle)
    const body = { metadata: { uid, finalizers: finalizers.filter((each) => each !== contentFinalizer) } }
    await client.patch(volumeSnapshotContents, refOf(content), { type: 'merge', body })
  }

  async function writeStatus(content: Content, status: NonNullable<VolumeSnapshotContent['status']>): Promise<void> {
    await contents.caughtUp(await client.updateStatus(volumeSnapshotContents, { ...content, status }))
  }

  /** One through which the cluster's volume can be reached now. @throws Error */
  function node(): string {
    const found = nodeInformer.list().find((each) => isNodeReady(each) && hasClusterVolume(each))
    if (!found) throw new Error('no worker is ready that has the data')
    return found.metadata.name
  }

  const controller = runController({
    ...context,
    name: 'volume-snapshot-content',
    reconcile,
    shares: [contents, snapshots, volumes, nodeInformer],
    watches: [watch(contents, keyOf), watch(snapshots, ({ status }) => status?.boundVolumeSnapshotContentName)],
  })
  return () => controller.stop()
}
