import { refOf } from '#shared/client/client.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

const selectedNode = 'volume.kubernetes.io/selected-node'
const bindCompleted = 'pv.kubernetes.io/bind-completed'
const boundByController = 'pv.kubernetes.io/bound-by-controller'

/**
 * Binds claims to volumes, and keeps the phases of both. A binding begins at the volume (`claimRef`, set by
 * this controller, by the scheduler or by hand) and is complete when the claim names the volume, so that a crash
 * between the two is finished by the next reconcile. Volumes are created by provisioners, not here.
 */
export function startPersistentVolumes(context: ControllerContext): Stop {
  const { client } = context
  const recorder = recorderOf(context, 'persistent-volume', 'persistentvolume-controller')
  const claims = context.informers.share(persistentVolumeClaims)
  const volumes = context.informers.share(persistentVolumes)
  const classes = context.informers.share(storageClasses)
  volumes.addIndex('claim', claimOf)

  /** One reconcile at a time: no two claims compete for a volume. */
  async function reconcileClaim(key: string): Promise<Outcome> {
    const claim = claims.get(key)
    if (!claim || claim.metadata.deletionTimestamp) return undefined
    const name = claim.spec?.volumeName
    const volume = name ? volumes.get(name) : volumeReservedFor(claim)
    if (volume) await bind(claim, volume)
    else if (name) await reportMissing(claim)
    else await findVolume(claim)
    return undefined
  }

  /** The volume reserved for the claim, by a user (by name) or by the scheduler (by uid). */
  const volumeReservedFor = (claim: Stored<PersistentVolumeClaim>): Stored<PersistentVolume> | undefined =>
    volumes.byIndex('claim', keyOf(claim)).find((volume) => isFor(volume, claim))

  async function bind(claim: Stored<PersistentVolumeClaim>, volume: Stored<PersistentVolume>): Promise<void> {
    if (volume.spec?.claimRef && !isFor(volume, claim)) {
      say(claim, 'Warning', 'FailedBinding', `volume "${volume.metadata.name}" already bound to a different claim.`)
      await setClaimPhase(claim, 'Pending')
      return
    }
    if (volume.spec?.claimRef?.uid !== claim.metadata.uid) await reserve(volume, claim)
    await setClaimPhase(await nameVolume(claim, volume), 'Bound', volume)
  }

  async function reserve(volume: Stored<PersistentVolume>, { metadata }: PersistentVolumeClaim): Promise<void> {
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
    }
    const marks = volume.spec?.claimRef ? {} : { annotations: { [boundByController]: 'yes' } }
    const { resourceVersion } = volume.metadata
    const body = { metadata: { resourceVersion, ...marks }, spec: { claimRef } }
    await volumes.caughtUp(await client.patch(persistentVolumes, refOf(volume), { type: 'merge', body }))
  }

  async function nameVolume(
    claim: Stored<PersistentVolumeClaim>,
    volume: PersistentVolume,
  ): Promise<Stored<PersistentVolumeClaim>> {
    if (claim.spec?.volumeName && claim.metadata.annotations?.[bindCompleted]) return claim
    const marks = claim.spec?.volumeName ? {} : { [boundByController]: 'yes' }
    const body = {
      metadata: { uid: claim.metadata.uid, annotations: { [bindCompleted]: 'yes', ...marks } },
      spec: { volumeName: volume.metadata.name },
    }
    const written = await client.patch(persistentVolumeClaims, refOf(claim), { type: 'merge', body })
    await claims.caughtUp(written)
    return written
  }

  async function reportMissing(claim: Stored<PersistentVolumeClaim>): Promise<void> {
    const wasBound = claim.metadata.annotations?.[bindCompleted] !== undefined
    if (wasBound && claim.status?.phase !== 'Lost')
      say(claim, 'Warning', 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
    await setClaimPhase(claim, wasBound ? 'Lost' : 'Pending')
  }

  async function findVolume(claim: Stored<PersistentVolumeClaim>): Promise<void> {
    const waits = classOf(claim)?.volumeBindingMode === 'WaitForFirstConsumer'
    const volume = waits ? undefined : smallestMatch(claim)
    if (volume) {
      await bind(claim, volume)
      return
    }
    explainWaiting(claim, waits)
    await setClaimPhase(claim, 'Pending')
  }

  const classOf = (claim: PersistentVolumeClaim) => classes.get(claim.spec?.storageClassName ?? '')

  function smallestMatch(claim: PersistentVolumeClaim): Stored<PersistentVolume> | undefined {
    return volumes
      .list()
      .filter((volume) => matches(volume, claim))
      .sort((a, b) => compareQuantities(sizeOf(a), sizeOf(b)))[0]
  }

  function explainWaiting(claim: Stored<PersistentVolumeClaim>, waits: boolean): void {
    const provisioner = classOf(claim)?.provisioner
    if (waits && !claim.metadata.annotations?.[selectedNode])
      say(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding')
    else if (provisioner && provisioner !== 'kubernetes.io/no-provisioner')
      say(
        claim,
        'Normal',
        'ExternalProvisioning',
        `waiting for a volume to be created by the provisioner "${provisioner}"`,
      )
    else if (claim.spec?.storageClassName)
      say(
        claim,
        'Warning',
        'ProvisioningFailed',
        provisioner
          ? 'no provisionable volume plugin matched'
          : `storageclass.storage.k8s.io "${claim.spec.storageClassName}" not found`,
      )
    else
      say(
        claim,
        'Normal',
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
      )
  }

  async function setClaimPhase(
    claim: Stored<PersistentVolumeClaim>,
    phase: string,
    volume?: PersistentVolume,
  ): Promise<void> {
    const { accessModes, capacity } = volume?.spec ?? {}
    const status = { ...claim.status, phase, ...(volume ? { accessModes, capacity } : {}) }
    if (jsonEqual(status, claim.status)) return
    await claims.caughtUp(await client.updateStatus(persistentVolumeClaims, { ...claim, status }))
  }

  async function reconcileVolume(name: string): Promise<Outcome> {
    const volume = volumes.get(name)
    // A volume under deletion too: it is removed once its claim is known to be gone.
    if (!volume) return undefined
    const phase = phaseOf(volume)
    if (volume.status?.phase === phase) return undefined
    const status = { ...volume.status, phase }
    try {
      await volumes.caughtUp(await client.updateStatus(persistentVolumes, { ...volume, status }))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  }

  /** Released is final: the volume holds another claim's data. */
  function phaseOf(volume: PersistentVolume): string {
    const reference = volume.spec?.claimRef
    if (!reference) return 'Available'
    const claim = claims.get(`${reference.namespace ?? ''}/${reference.name ?? ''}`)
    if (!reference.uid) return 'Available'
    if (claim?.metadata.uid !== reference.uid) return 'Released'
    return claim?.spec?.volumeName === volume.metadata.name ? 'Bound' : 'Available'
  }

  function say(
    claim: Stored<PersistentVolumeClaim>,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    recorder.event({ ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' }, type, reason, message)
  }

  /** Claims that a change of a volume may concern: its own, and all that are unbound. */
  const hopefulClaims = (volume: PersistentVolume): string[] => {
    const own = claimOf(volume)
    return own ? [own] : homelessClaims()
  }

  const homelessClaims = (): string[] => {
    const homeless = claims.list().filter(({ spec }) => !spec?.volumeName)
    return homeless.map(keyOf)
  }

  const namedVolumes = (claim: Stored<PersistentVolumeClaim>): string[] => [
    ...(claim.spec?.volumeName ? [claim.spec.volumeName] : []),
    ...volumes.byIndex('claim', keyOf(claim)).map(keyOf),
  ]

  const binding = runController({
    ...context,
    name: 'persistent-volume-claim',
    reconcile: reconcileClaim,
    shares: [claims, volumes, classes],
    watches: [watch(claims, keyOf), watch(volumes, hopefulClaims), watch(classes, homelessClaims)],
  })
  const phasing = runController({
    ...context,
    name: 'persistent-volume',
    reconcile: reconcileVolume,
    shares: [claims, volumes],
    watches: [watch(volumes, keyOf), watch(claims, namedVolumes)],
  })

  return async () => {
    await Promise.all([binding.stop(), phasing.stop()])
  }
}

const claimOf = ({ spec }: PersistentVolume): string | undefined =>
  spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : undefined

/** Whether the volume is reserved for this claim; a user's reservation has no uid. */
const isFor = (volume: PersistentVolume, claim: Stored<PersistentVolumeClaim>): boolean =>
  claimOf(volume) === keyOf(claim) && (!volume.spec?.claimRef?.uid || volume.spec.claimRef.uid === claim.metadata.uid)

const sizeOf = ({ spec }: PersistentVolume): string => spec?.capacity?.['storage'] ?? '0'

function matches({ metadata, spec, status }: PersistentVolume, { spec: wanted }: PersistentVolumeClaim): boolean {
  if (!spec || !wanted || spec.claimRef || metadata.deletionTimestamp || status?.phase === 'Released') return false
  return (
    (spec.storageClassName ?? '') === (wanted.storageClassName ?? '') &&
    (spec.volumeMode ?? 'Filesystem') === (wanted.volumeMode ?? 'Filesystem') &&
    (wanted.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode)) &&
    (!wanted.selector || selects(wanted.selector, metadata.labels)) &&
    compareQuantities(spec.capacity?.['storage'] ?? '0', wanted.resources?.requests?.['storage'] ?? '0') >= 0
  )
}
