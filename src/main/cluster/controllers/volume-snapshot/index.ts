import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import type { VolumeData } from '#shared/kube/cluster-volumes.ts'
import { snapshotGroup } from '#shared/kube/snapshots.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { startSnapshotContents } from './contents.ts'
import { startFirstClass } from './first-class.ts'
import { startSnapshots } from './snapshots.ts'

export interface VolumeSnapshotOptions {
  /** Announces all served custom resources, then every change. */
  onCustomResource?: ((listener: (resource: Resource, served: boolean) => void) => Stop) | undefined
  volumeData?: VolumeData | undefined
}

const needed = ['volumesnapshots', 'volumesnapshotcontents', 'volumesnapshotclasses']

/**
 * Snapshots of volumes, while the CRDs of the snapshot API are there: of any driver the part of the snapshot controller,
 * which binds VolumeSnapshots to their contents, and of the default class's volumes that of csi-snapshotter, too.
 */
export function startVolumeSnapshots(
  context: ControllerContext,
  { onCustomResource, volumeData }: VolumeSnapshotOptions,
): Stop {
  const served = new Set<string>()
  let running: StopStack | undefined
  const stopAll = async (): Promise<void> => {
    const stops = running
    running = undefined
    await stops?.stop()
  }
  const stopListening = onCustomResource?.(({ group, plural, version }, isServed) => {
    if (group !== snapshotGroup || !needed.includes(plural)) return
    if (isServed && version === 'v1') served.add(plural)
    else served.delete(plural)
    if (served.size < needed.length) void stopAll()
    else if (!running) {
      running = new StopStack()
      running.add(startSnapshots(context))
      running.add(startSnapshotContents(context, { volumeData }))
      running.add(startFirstClass(context))
    }
  })
  return async () => {
    void stopListening?.()
    await stopAll()
  }
}
