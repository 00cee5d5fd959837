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
import { isAlreadyExists, isNotFound, undefinedIfMissing } from '#shared/kube/error-kinds.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  volumeAttributesClasses,
} from '#shared/kube/resources.ts'
import { volumeSnapshotContents, volumeSnapshots } from '#shared/kube/snapshots.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { classNameOf, selectedNode } from '#shared/kube/volume-binding.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import {
  decideProvision,
  decideReclaim,
  decideResize,
  provisionerFinalizer,
  snapshotNameOf,
  sourceNameOf,
  type ProvisionDecision,
  type SnapshotSource,
} from './decide.ts'
import { decideModify } from './modify.ts'

type Claim = Stored<PersistentVolumeClaim>
type Volume = Stored<PersistentVolume>

export interface VolumeProvisionerOptions {
  /** Unset where volumes have no data: tests without workers. */
  volumeData?: VolumeData
}

/** How soon the removal of data is tried again, ms, while no worker runs that has it. */
const retryMs = 5_000

/**
 * Provisions, expands and deletes the volumes of the default class: folders on the cluster's Docker volume, which all
 * workers have mounted. It does what external-provisioner and external-resizer do for a CSI driver. The agent creates a
 * volume's folder when it mounts it first.
 */
export function startVolumeProvisioner(
  context: ControllerContext,
  { volumeData }: VolumeProvisionerOptions = {},
): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'volume-provisioner', clusterVolumeProvisioner)
  const claims = context.informers.share(persistentVolumeClaims)
  const volumes = context.informers.share(persistentVolumes)
  const classes = context.informers.share(storageClasses)
  const nodeInformer = context.informers.share(nodes)
  const attributesClasses = context.informers.share(volumeAttributesClasses)

  async function reconcileClaim(key: string): Promise<Outcome> {
    const claim = claims.get(key)
    if (!claim) return undefined
    const provision = decideProvision(claim, {
      storageClass: classes.get(classNameOf(claim)),
      node: nodeInformer.get(claim.metadata.annotations?.[selectedNode] ?? ''),
      source: sourceOf(claim),
      snapshot: await snapshotOf(claim),
      attributes: attributesClasses.get(claim.spec?.volumeAttributesClassName ?? ''),
    })
    await carryOut(claim, provision)
    await modify(await resize(claim))
    // A snapshot is watched by its own controller alone.
    return provision.do === 'refuse' && snapshotNameOf(claim) ? { requeueAfter: retryMs } : undefined
  }

  async function snapshotOf(claim: Claim): Promise<SnapshotSource | undefined> {
    const name = snapshotNameOf(claim)
    if (!name || claim.spec?.volumeName) return undefined
    const { namespace } = claim.metadata
    const snapshot = await client.get(volumeSnapshots, { namespace, name }).catch(undefinedIfMissing)
    const bound = snapshot?.status?.boundVolumeSnapshotContentName
    const content = bound
      ? await client.get(volumeSnapshotContents, { name: bound }).catch(undefinedIfMissing)
      : undefined
    return { snapshot, content }
  }

  function sourceOf(claim: Claim): { claim: Claim | undefined; volume: Volume | undefined } {
    const name = sourceNameOf(claim)
    const source = name ? claims.get(`${claim.metadata.namespace ?? ''}/${name}`) : undefined
    return { claim: source, volume: volumes.get(source?.spec?.volumeName ?? '') }
  }

  async function carryOut(claim: Claim, decision: ProvisionDecision): Promise<void> {
    switch (decision.do) {
      case 'refuse':
        say(claim, 'Warning', 'ProvisioningFailed', decision.message)
        break
      case 'reschedule':
        say(claim, 'Warning', 'ProvisioningFailed', decision.message)
        await claims.caughtUp(
          await client.patch(persistentVolumeClaims, refOf(claim), {
            type: 'merge',
            body: { metadata: { uid: claim.metadata.uid, annotations: { [selectedNode]: null } } },
          }),
        )
        break
      case 'create':
        if (!volumes.get(decision.volume.metadata.name)) await create(claim, decision)
        break
      case 'nothing':
    }
  }

  async function create(
    claim: Claim,
    { volume, cloneOf, snapshotHandle }: Extract<ProvisionDecision, { do: 'create' }>,
  ): Promise<void> {
    const { name } = volume.metadata
    say(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${keyOf(claim)}"`)
    try {
      if (cloneOf) await copyData(cloneOf, name)
      if (snapshotHandle) await restoreData(snapshotHandle, name)
      await volumes.caughtUp(await client.create(persistentVolumes, volume))
    } catch (error) {
      if (isAlreadyExists(error)) return
      const why = `failed to provision volume with StorageClass "${classNameOf(claim)}": ${messageOf(error)}`
      say(claim, 'Warning', 'ProvisioningFailed', why)
      throw error
    }
    say(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`)
  }

  async function copyData(from: Volume, to: string): Promise<void> {
    const node = nodeWithDataOf(from)
    if (node === undefined) throw new Error('no worker is ready that has the data of its source')
    await volumeData?.copy(node, from.metadata.name, to)
  }

  async function restoreData(handle: string, to: string): Promise<void> {
    const node = nodeInformer.list().find((each) => isNodeReady(each) && hasClusterVolume(each))
    if (!node) throw new Error('no worker is ready that has the data of its snapshot')
    await volumeData?.copy(node.metadata.name, handle, to)
  }

  /** A node through which the data can be reached now. */
  function nodeWithDataOf(volume: Volume): string | undefined {
    const only = onlyNodeOf(volume)
    return nodeInformer
      .list()
      .filter(
        (node) => isNodeReady(node) && (only === undefined ? hasClusterVolume(node) : node.metadata.name === only),
      )
      .map(({ metadata }) => metadata.name)
      .sort()[0]
  }

  async function modify(claim: Claim): Promise<void> {
    const asked = attributesClasses.get(claim.spec?.volumeAttributesClassName ?? '')
    const volume = volumes.get(claim.spec?.volumeName ?? '')
    const decision = decideModify(claim, volume, asked, timestamp(clock.now()))
    if (decision.do === 'nothing') return
    if (decision.message !== undefined) say(claim, 'Warning', 'VolumeModifyFailed', decision.message)
    const status = decision.status ?? {}
    await claims.caughtUp(await client.updateStatus(persistentVolumeClaims, { ...claim, status }))
  }

  /** @returns the claim as it was written last */
  async function resize(claim: Claim): Promise<Claim> {
    const volume = volumes.get(claim.spec?.volumeName ?? '')
    for (let current = claim, size = volume; ;) {
      const decision = decideResize(current, size, timestamp(clock.now()))
      if (decision.do === 'nothing' || !size) return current
      if (decision.do === 'grow-volume') {
        const body = { spec: { capacity: { storage: decision.capacity } } }
        size = await client.patch(persistentVolumes, refOf(size), { type: 'merge', body })
        await volumes.caughtUp(size)
        continue
      }
      if (decision.do === 'begin')
        say(claim, 'Normal', 'Resizing', `External resizer is resizing volume ${size.metadata.name}`)
      current = await client.updateStatus(persistentVolumeClaims, {
        ...current,
        ...(decision.status ? { status: decision.status } : {}),
      })
      await claims.caughtUp(current)
      if (decision.do === 'finish') say(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded')
    }
  }

  async function reconcileVolume(name: string): Promise<Outcome> {
    const volume = volumes.get(name)
    if (!volume) return undefined
    const decision = decideReclaim(volume)
    try {
      if (decision === 'remove-data') return await reclaim(volume)
      if (decision !== 'nothing') await hold(volume, decision === 'hold')
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  }

  /** First the data, then the volume: a crash in between repeats the removal. */
  async function reclaim(volume: Volume): Promise<Outcome> {
    const only = onlyNodeOf(volume)
    // Data that one worker alone has is removed with the worker.
    const isGone = only !== undefined && !nodeInformer.get(only)
    if (!isGone && volumeData) {
      const node = nodeWithDataOf(volume)
      try {
        if (node === undefined) throw new Error('no worker is ready that has its data')
        await volumeData.remove(node, volume.metadata.name)
      } catch (error) {
        say(volume, 'Warning', 'VolumeFailedDelete', messageOf(error))
        return { requeueAfter: retryMs }
      }
    }
    const { uid, deletionTimestamp } = volume.metadata
    if (!deletionTimestamp) await client.delete(persistentVolumes, refOf(volume), { preconditions: { uid } })
    await hold(volume, false)
    return undefined
  }

  /** Puts in or takes out our own entry alone: others change the list, too. */
  async function hold({ metadata: { name, uid } }: Volume, isHeld: boolean): Promise<void> {
    const entry = isHeld
      ? { finalizers: [provisionerFinalizer] }
      : { '$deleteFromPrimitiveList/finalizers': [provisionerFinalizer] }
    await client.patch(persistentVolumes, { name }, { type: 'strategic', body: { metadata: { uid, ...entry } } })
  }

  function say(about: Claim | Volume, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const kind = about.metadata.namespace ? 'PersistentVolumeClaim' : 'PersistentVolume'
    recorder.event({ ...about, apiVersion: 'v1', kind }, type, reason, message)
  }

  const claimOf = ({ spec }: Volume): string | undefined =>
    spec?.claimRef && `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`

  const claimsWithoutVolume = ({ metadata }: { metadata: { name: string } }): string[] =>
    claims
      .list()
      .filter((claim) => !claim.spec?.volumeName && classNameOf(claim) === metadata.name)
      .map(keyOf)

  const claimsWithAttributes = ({ metadata }: { metadata: { name: string } }): string[] =>
    claims
      .list()
      .filter(({ spec }) => spec?.volumeAttributesClassName === metadata.name)
      .map(keyOf)

  const provisioning = runController({
    ...context,
    name: 'volume-provisioner',
    reconcile: reconcileClaim,
    workers: 4,
    shares: [claims, volumes, classes, nodeInformer, attributesClasses],
    // The informers may be in any order: a class may arrive after its claims.
    watches: [
      watch(claims, keyOf),
      watch(volumes, claimOf),
      watch(classes, claimsWithoutVolume),
      watch(attributesClasses, claimsWithAttributes),
    ],
  })
  const reclaiming = runController({
    ...context,
    name: 'volume-reclaimer',
    reconcile: reconcileVolume,
    workers: 4,
    shares: [volumes, nodeInformer],
    watches: [watch(volumes, keyOf)],
  })

  return async () => {
    await Promise.all([provisioning.stop(), reclaiming.stop()])
  }
}
