import type { Stop } from '#shared/base/disposable.ts'
import { clusterVolumeProvisioner } from '#shared/kube/cluster-volumes.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import type { Named } from '#shared/kube/object.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import {
  firstClassAnnotation,
  snapshotGroup,
  snapshotVersion,
  volumeSnapshotClasses,
  type VolumeSnapshotClass,
} from '#shared/kube/snapshots.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController } from '#shared/reconcile/controller.ts'
import { defaultSnapshotClass } from './snapshots.ts'

const definition = `volumesnapshotclasses.${snapshotGroup}`

const standardClass: VolumeSnapshotClass & Named = {
  apiVersion: snapshotVersion,
  kind: 'VolumeSnapshotClass',
  metadata: { name: 'standard', annotations: { [defaultSnapshotClass]: 'true' } },
  driver: clusterVolumeProvisioner,
  deletionPolicy: 'Delete',
}

/** Makes the default class of snapshots once, as soon as it can be: one that was deleted does not come back. */
export function startFirstClass(context: ControllerContext): Stop {
  const { client } = context

  async function reconcile(name: string): Promise<undefined> {
    const { metadata } = await client.get(customResourceDefinitions, { name })
    if (metadata.annotations?.[firstClassAnnotation] === undefined) return
    await client.create(volumeSnapshotClasses, standardClass).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
    const body = { metadata: { annotations: { [firstClassAnnotation]: null } } }
    await client.patch(customResourceDefinitions, { name }, { type: 'merge', body })
  }

  const controller = runController({ ...context, name: 'first-snapshot-class', reconcile, watches: [] })
  controller.enqueue(definition)
  return () => controller.stop()
}
