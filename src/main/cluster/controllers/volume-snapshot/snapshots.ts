import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { clusterVolumeProvisioner } from '#shared/kube/cluster-volumes.ts'
import { isAlreadyExists, isNotFound } from '#shared/kube/error-kinds.ts'
import type { PersistentVolume } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { persistentVolumeClaims, persistentVolumes } from '#shared/kube/resources.ts'
import {
  snapshotVersion,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from '#shared/kube/snapshots.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { provisionedBy } from '#shared/kube/volume-binding.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

type Snapshot = Stored<VolumeSnapshot>
type Content = Stored<VolumeSnapshotContent>

export const contentFinalizer = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'
export const beingDeleted = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted'
export const defaultSnapshotClass = 'snapshot.storage.kubernetes.io/is-default-class'
const snapshotFinalizer = 'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection'

/** A snapshot cannot be made as it is asked for: its status says so, and it is tried again when something changes. */
class SnapshotRefused extends Error {}

/** Binds VolumeSnapshots to contents, which it makes for the snapshots of claims (external-snapshotter: common controller). */
export function startSnapshots(context: ControllerContext): Stop {
  const { client, clock, informers } = context
  const recorder = recorderOf(context, 'volume-snapshot', 'snapshot-controller')
  const snapshots = informers.share(volumeSnapshots)
  const contents = informers.share(volumeSnapshotContents)
  const classes = informers.share(volumeSnapshotClasses)
  const claims = informers.share(persistentVolumeClaims)
  const volumes = informers.share(persistentVolumes)

  async function reconcile(key: string): Promise<Outcome> {
    const snapshot = snapshots.get(key)
    if (!snapshot) return undefined
    if (snapshot.metadata.deletionTimestamp) return release(snapshot)
    const held = await hold(snapshot)
    try {
      await tell(held, await contentOf(held))
    } catch (error) {
      if (!(error instanceof SnapshotRefused)) throw error
      await refuse(held, error.message)
    }
    return undefined
  }

  async function hold(snapshot: Snapshot): Promise<Snapshot> {
    const { finalizers = [], uid } = snapshot.metadata
    if (finalizers.includes(snapshotFinalizer)) return snapshot
    const body = { metadata: { uid, finalizers: [...finalizers, snapshotFinalizer] } }
    const held = await client.patch(volumeSnapshots, refOf(snapshot), { type: 'merge', body })
    await snapshots.caughtUp(held)
    return held
  }

  /** The content is deleted first where its policy says so; it goes when its driver has removed the data. */
  async function release(snapshot: Snapshot): Promise<Outcome> {
    const content = contents.get(snapshot.status?.boundVolumeSnapshotContentName ?? nameFor(snapshot))
    if (content && content.spec.volumeSnapshotRef.uid === snapshot.metadata.uid) {
      const ref = refOf(content)
      if (content.spec.deletionPolicy === 'Delete') {
        const body = { metadata: { uid: content.metadata.uid, annotations: { [beingDeleted]: 'yes' } } }
        if (content.metadata.annotations?.[beingDeleted] === undefined)
          await client.patch(volumeSnapshotContents, ref, { type: 'merge', body })
        if (!content.metadata.deletionTimestamp)
          await client.delete(volumeSnapshotContents, ref, { preconditions: { uid: content.metadata.uid } })
        return undefined
      }
    }
    const { finalizers = [], uid } = snapshot.metadata
    if (!finalizers.includes(snapshotFinalizer)) return undefined
    const left = finalizers.filter((each) => each !== snapshotFinalizer)
    try {
      const body = { metadata: { uid, finalizers: left } }
      await client.patch(volumeSnapshots, refOf(snapshot), { type: 'merge', body })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  }

  /** @throws SnapshotRefused */
  async function contentOf(snapshot: Snapshot): Promise<Content> {
    const { volumeSnapshotContentName: named } = snapshot.spec.source
    if (named !== undefined) return bindTo(snapshot, named)
    const present = contents.get(nameFor(snapshot))
    if (present) return present
    const volume = volumeOf(snapshot)
    const driver = driverOf(volume)
    const snapshotClass = await classOf(snapshot, driver)
    say(
      snapshot,
      'Normal',
      'CreatingSnapshot',
      `Waiting for a snapshot ${keyOf(snapshot)} to be created by the CSI driver.`,
    )
    const content = newContent(snapshot, { volume, driver, snapshotClass })
    try {
      const made = await client.create(volumeSnapshotContents, content)
      await contents.caughtUp(made)
      return made
    } catch (error) {
      if (isAlreadyExists(error)) return client.get(volumeSnapshotContents, { name: content.metadata.name })
      throw error
    }
  }

  async function bindTo(snapshot: Snapshot, name: string): Promise<Content> {
    const content = contents.get(name)
    if (!content) throw new SnapshotRefused('VolumeSnapshotContent is missing')
    const { uid, name: of, namespace } = content.spec.volumeSnapshotRef
    const isOwn = of === snapshot.metadata.name && namespace === snapshot.metadata.namespace
    if (!isOwn || (uid !== undefined && uid !== '' && uid !== snapshot.metadata.uid))
      throw new SnapshotRefused('VolumeSnapshotContent is bound to a different VolumeSnapshot')
    if (uid) return content
    const body = {
      metadata: { uid: content.metadata.uid },
      spec: { volumeSnapshotRef: { uid: snapshot.metadata.uid } },
    }
    const bound = await client.patch(volumeSnapshotContents, { name }, { type: 'merge', body })
    await contents.caughtUp(bound)
    return bound
  }

  function volumeOf(snapshot: Snapshot): Stored<PersistentVolume> {
    const name = snapshot.spec.source.persistentVolumeClaimName ?? ''
    const claim = claims.get(`${snapshot.metadata.namespace}/${name}`)
    if (!claim)
      throw new SnapshotRefused(`failed to get PVC ${name} from the lister: persistentvolumeclaim "${name}" not found`)
    const volume = volumes.get(claim.spec?.volumeName ?? '')
    if (!volume || claim.status?.phase !== 'Bound')
      throw new SnapshotRefused(`the PVC ${name} is not yet bound to a PV, will not attempt to take a snapshot`)
    return volume
  }

  /** The class that the snapshot names, else the default class of the volume's driver. @throws SnapshotRefused */
  async function classOf(snapshot: Snapshot, driver: string): Promise<Stored<VolumeSnapshotClass>> {
    const name = snapshot.spec.volumeSnapshotClassName
    if (name) {
      const named = classes.get(name)
      if (!named)
        throw new SnapshotRefused(
          `failed to get input parameters to create snapshot ${snapshot.metadata.name}: volumesnapshotclass "${name}" not found`,
        )
      if (named.driver !== driver)
        throw new SnapshotRefused(
          `snapshot controller failed: driver ${named.driver} of the class is not the volume's, ${driver}`,
        )
      return named
    }
    const [found, ...others] = classes
      .list()
      .filter((each) => each.driver === driver && each.metadata.annotations?.[defaultSnapshotClass] === 'true')
    if (!found) throw new SnapshotRefused('cannot find default snapshot class')
    if (others.length > 0) throw new SnapshotRefused(`${others.length + 1} default snapshot classes were found`)
    const body = { metadata: { uid: snapshot.metadata.uid }, spec: { volumeSnapshotClassName: found.metadata.name } }
    await client.patch(volumeSnapshots, refOf(snapshot), { type: 'merge', body })
    return found
  }

  async function tell(snapshot: Snapshot, content: Content): Promise<void> {
    const { status: seen } = content
    const before = snapshot.status
    const next: NonNullable<VolumeSnapshot['status']> = {
      boundVolumeSnapshotContentName: content.metadata.name,
      readyToUse: seen?.readyToUse ?? false,
      ...(seen?.creationTime === undefined ? {} : { creationTime: timestamp(seen.creationTime / 1e6) }),
      ...(seen?.restoreSize === undefined ? {} : { restoreSize: String(seen.restoreSize) }),
      ...(seen?.error ? { error: seen.error } : {}),
    }
    if (jsonEqual(before, next)) return
    const current = await client.get(volumeSnapshots, refOf(snapshot))
    await snapshots.caughtUp(await client.updateStatus(volumeSnapshots, { ...current, status: next }))
    const what = keyOf(snapshot)
    if (next.creationTime !== undefined && before?.creationTime === undefined)
      say(snapshot, 'Normal', 'SnapshotCreated', `Snapshot ${what} was successfully created by the CSI driver.`)
    if (next.readyToUse && !before?.readyToUse)
      say(snapshot, 'Normal', 'SnapshotReady', `Snapshot ${what} is ready to use.`)
    if (next.error?.message !== undefined && next.error.message !== before?.error?.message)
      say(snapshot, 'Warning', 'SnapshotContentCreationFailed', next.error.message)
  }

  async function refuse(snapshot: Snapshot, why: string): Promise<void> {
    const message = `Failed to create snapshot content with error ${why}`
    if (snapshot.status?.error?.message === message) return
    say(snapshot, 'Warning', 'SnapshotContentCreationFailed', message)
    const error = { message, time: timestamp(clock.now()) }
    const current = await client.get(volumeSnapshots, refOf(snapshot))
    await client.updateStatus(volumeSnapshots, { ...current, status: { ...current.status, readyToUse: false, error } })
  }

  function say(about: Snapshot, type: 'Normal' | 'Warning', reason: string, message: string): void {
    recorder.event({ ...about, apiVersion: snapshotVersion, kind: 'VolumeSnapshot' }, type, reason, message)
  }

  const waiting = (): string[] =>
    snapshots
      .list()
      .filter(({ status }) => !status?.readyToUse)
      .map(keyOf)
  const controller = runController({
    ...context,
    name: 'volume-snapshot',
    reconcile,
    workers: 2,
    shares: [snapshots, contents, classes, claims, volumes],
    watches: [
      watch(snapshots, keyOf),
      watch(
        contents,
        ({ spec: { volumeSnapshotRef } }) => `${volumeSnapshotRef.namespace ?? ''}/${volumeSnapshotRef.name ?? ''}`,
      ),
      watch(classes, waiting),
      watch(claims, waiting, (before, claim) => before.status?.phase !== claim.status?.phase),
    ],
  })
  return () => controller.stop()
}

const nameFor = ({ metadata }: Snapshot): string => `snapcontent-${metadata.uid}`

/** @throws SnapshotRefused */
function driverOf({ metadata, spec }: Stored<PersistentVolume>): string {
  const driver = spec?.csi?.driver ?? metadata.annotations?.[provisionedBy]
  if (spec?.csi ?? driver === clusterVolumeProvisioner) return driver ?? ''
  throw new SnapshotRefused(`snapshotting non-CSI volumes is not supported, volume:${metadata.name}`)
}

function newContent(
  { metadata }: Snapshot,
  {
    volume,
    driver,
    snapshotClass,
  }: { volume: Stored<PersistentVolume>; driver: string; snapshotClass: Stored<VolumeSnapshotClass> },
): VolumeSnapshotContent & Named {
  const { uid, name, namespace } = metadata
  return {
    apiVersion: snapshotVersion,
    kind: 'VolumeSnapshotContent',
    metadata: { name: `snapcontent-${uid}`, finalizers: [contentFinalizer] },
    spec: {
      deletionPolicy: snapshotClass.deletionPolicy,
      driver,
      source: { volumeHandle: volume.spec?.csi?.volumeHandle ?? volume.metadata.name },
      sourceVolumeMode: volume.spec?.volumeMode ?? 'Filesystem',
      volumeSnapshotClassName: snapshotClass.metadata.name,
      volumeSnapshotRef: { apiVersion: snapshotVersion, kind: 'VolumeSnapshot', namespace, name, uid },
    },
  }
}
