import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { setCondition } from '#shared/kube/conditions.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import { compareQuantities, quantityValue } from '#shared/kube/quantity.ts'
import {
  csiNodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  volumeAttachments,
} from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { capacityOf, classNameOf, provisionedBy, requestOf, storageProvisioner } from '#shared/kube/volume-binding.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch } from '#shared/reconcile/controller.ts'
import { unixService } from '#agent/kubelet/csi/grpc.ts'
import { protos, type ControllerCalls } from './protocol.ts'

const service = unixService<ControllerCalls>(protos.csi, 'csi.v1.Controller')
const timeoutMs = 10_000

/**
 * Stands in for external-provisioner, external-attacher and external-resizer, whose images tests cannot pull: the same
 * objects are watched and written, and the same calls made.
 * @param driver its name; it listens on `socket`
 */
export function startSidecars(
  context: ControllerContext,
  { driver, socket }: { driver: string; socket: string },
): Stop {
  const { client, clock, informers } = context
  const claims = informers.share(persistentVolumeClaims)
  const volumes = informers.share(persistentVolumes)
  const classes = informers.share(storageClasses)
  const attachments = informers.share(volumeAttachments)
  const csiNodeInformer = informers.share(csiNodes)
  const call = <Name extends keyof ControllerCalls>(
    method: Name,
    request: ControllerCalls[Name]['request'],
  ): Promise<ControllerCalls[Name]['answer']> => service.call(socket, method, request, timeoutMs)

  async function provision(key: string): Promise<undefined> {
    const claim = claims.get(key)
    if (!claim?.spec || claim.spec.volumeName || claim.metadata.annotations?.[storageProvisioner] !== driver) return
    const storageClass = classes.get(classNameOf(claim))
    const name = `pvc-${claim.metadata.uid}`
    const { volume } = await call('CreateVolume', {
      name,
      capacity_range: { required_bytes: quantityValue(requestOf(claim)) },
    })
    const { namespace, name: claimName, uid } = claim.metadata
    await client
      .create(persistentVolumes, {
        metadata: { name, annotations: { [provisionedBy]: driver } },
        spec: {
          accessModes: claim.spec.accessModes ?? [],
          capacity: { storage: String(volume.capacity_bytes) },
          claimRef: {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            namespace: namespace ?? '',
            name: claimName,
            uid,
          },
          csi: { driver, volumeHandle: volume.volume_id, volumeAttributes: volume.volume_context },
          persistentVolumeReclaimPolicy: storageClass?.reclaimPolicy ?? 'Delete',
          storageClassName: classNameOf(claim),
        },
      })
      .catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error
      })
  }

  async function resize(key: string): Promise<undefined> {
    const claim = claims.get(key)
    const volume = volumes.get(claim?.spec?.volumeName ?? '')
    if (!claim || volume?.spec?.csi?.driver !== driver || claim.status?.phase !== 'Bound') return
    const wanted = requestOf(claim)
    if (compareQuantities(wanted, capacityOf(volume)) <= 0) return
    await call('ControllerExpandVolume', {
      volume_id: volume.spec.csi.volumeHandle,
      capacity_range: { required_bytes: quantityValue(wanted) },
    })
    const body = { spec: { capacity: { storage: wanted } } }
    await volumes.caughtUp(await client.patch(persistentVolumes, refOf(volume), { type: 'merge', body }))
    const pending = { type: 'FileSystemResizePending', status: 'True' }
    await client.updateStatus(persistentVolumeClaims, {
      ...claim,
      status: {
        ...claim.status,
        allocatedResources: { storage: wanted },
        allocatedResourceStatuses: { storage: 'NodeResizePending' },
        conditions: setCondition(claim.status.conditions, pending, timestamp(clock.now())),
      },
    })
  }

  async function reclaim(key: string): Promise<undefined> {
    const volume = volumes.get(key)
    const { persistentVolumeReclaimPolicy: policy, csi } = volume?.spec ?? {}
    if (!volume || csi?.driver !== driver || volume.status?.phase !== 'Released' || policy !== 'Delete') return
    await call('DeleteVolume', { volume_id: csi.volumeHandle })
    await client.delete(persistentVolumes, refOf(volume))
  }

  async function attach(key: string): Promise<undefined> {
    const attachment = attachments.get(key)
    if (attachment?.spec.attacher !== driver) return
    const { finalizers = [], deletionTimestamp } = attachment.metadata
    const handle = volumes.get(attachment.spec.source.persistentVolumeName ?? '')?.spec?.csi?.volumeHandle ?? ''
    const node = csiNodeInformer.get(attachment.spec.nodeName)?.spec.drivers.find(({ name }) => name === driver)
    const request = { volume_id: handle, node_id: node?.nodeID ?? '' }
    const finalizer = `external-attacher/${driver.replaceAll('.', '-')}`
    if (deletionTimestamp !== undefined) {
      if (!finalizers.includes(finalizer)) return
      await call('ControllerUnpublishVolume', request)
      const left = finalizers.filter((each) => each !== finalizer)
      await client.update(volumeAttachments, { ...attachment, metadata: { ...attachment.metadata, finalizers: left } })
      return
    }
    if (attachment.status?.attached) return
    const metadata = { ...attachment.metadata, finalizers: [...new Set([...finalizers, finalizer])] }
    const held = await client.update(volumeAttachments, { ...attachment, metadata })
    try {
      const { publish_context } = await call('ControllerPublishVolume', request)
      const status = { attached: true, attachmentMetadata: publish_context }
      await client.updateStatus(volumeAttachments, { ...held, status })
    } catch (error) {
      const status = { attached: false, attachError: { message: messageOf(error), time: timestamp(clock.now()) } }
      await client.updateStatus(volumeAttachments, { ...held, status })
      throw error
    }
  }

  const run = (
    name: string,
    reconcile: (key: string) => Promise<undefined>,
    watches: Parameters<typeof runController>[0]['watches'],
  ) => runController({ ...context, name, reconcile, watches })
  const claimOf = ({ spec }: { spec?: { claimRef?: { namespace?: string; name?: string } } }): string | undefined =>
    spec?.claimRef && `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`
  const controllers = [
    run('provisioner', provision, [watch(claims, keyOf)]),
    run('resizer', resize, [watch(claims, keyOf), watch(volumes, claimOf)]),
    run('reclaimer', reclaim, [watch(volumes, keyOf)]),
    run('attacher', attach, [watch(attachments, keyOf)]),
  ]
  return async () => {
    await Promise.all(controllers.map((controller) => controller.stop()))
  }
}
