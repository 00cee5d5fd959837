import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { newestDefault } from '#shared/kube/default-class.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '#shared/kube/resources.ts'
import {
  boundByController,
  byFit,
  classNameOf,
  isMatch,
  isReservedFor,
  storageProvisioner,
} from '#shared/kube/volume-binding.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import {
  boundStatus,
  decideClaim,
  decideVolume,
  namingOf,
  waitsForConsumer,
  type ClaimView,
  type Said,
} from './decide.ts'

type Claim = Stored<PersistentVolumeClaim>
type Volume = Stored<PersistentVolume>

/**
 * Binds claims to volumes, and keeps the phases of both. A binding begins at the volume (`claimRef`, set by this
 * controller, by the scheduler, by a provisioner or by hand) and is complete when the claim names the volume, so that a
 * crash between the two is finished by the next reconcile. Volumes are created by provisioners, not here.
 */
export function startPersistentVolumes(context: ControllerContext): Stop {
  const { client } = context
  const recorder = recorderOf(context, 'persistent-volume', 'persistentvolume-controller')
  const claims = context.informers.share(persistentVolumeClaims)
  const volumes = context.informers.share(persistentVolumes)
  const classes = context.informers.share(storageClasses)
  const podInformer = context.informers.share(pods)
  volumes.addIndex('claim', claimOf)

  /** One reconcile at a time: no two claims compete for a volume. */
  async function reconcileClaim(key: string): Promise<Outcome> {
    const claim = claims.get(key)
    if (!claim || claim.metadata.deletionTimestamp) return undefined
    const decision = decideClaim(claim, viewOf(claim))
    if ('event' in decision && decision.event && !isSaid(claim, decision)) say(claim, decision.event)
    switch (decision.do) {
      case 'bind':
        await bind(claim, decision.volume)
        break
      case 'wait':
        await setClaimStatus(claim, { ...claim.status, phase: 'Pending' })
        break
      case 'lose':
        await setClaimStatus(claim, { ...claim.status, phase: 'Lost' })
        break
      case 'assign-class':
        await patchClaim(claim, { spec: { storageClassName: decision.name } })
        break
      case 'request-volume':
        await requestVolume(claim, decision.provisioner)
        break
    }
    return undefined
  }

  /** The loss of a volume is told once. */
  const isSaid = (claim: Claim, decision: { do: string }): boolean =>
    decision.do === 'lose' && claim.status?.phase === 'Lost'

  function viewOf(claim: Claim): ClaimView {
    const name = claim.spec?.volumeName
    const storageClass = classes.get(classNameOf(claim))
    return {
      named: name ? volumes.get(name) : undefined,
      match: name ? undefined : bestMatch(claim, waitsForConsumer(storageClass)),
      storageClass,
      defaultClass: newestDefault(classes.list(), 'storageclass.kubernetes.io/is-default-class')?.metadata.name,
      waitingPods: waitsForConsumer(storageClass) ? podsWaitingFor(claim) : [],
    }
  }

  /** The volume that is reserved for the claim, else the one that fits best: of a class that waits the scheduler chooses. */
  function bestMatch(claim: Claim, waits: boolean): Volume | undefined {
    const own = volumes.byIndex('claim', keyOf(claim)).find((volume) => isMatch(volume, claim))
    if (own || waits) return own
    return volumes
      .list()
      .filter((volume) => isMatch(volume, claim))
      .sort(byFit)[0]
  }

  function podsWaitingFor({ metadata }: Claim): string[] {
    return podInformer
      .list()
      .filter(
        (pod) =>
          pod.metadata.namespace === metadata.namespace &&
          !pod.spec?.nodeName &&
          pod.spec?.volumes?.some(
            ({ name, persistentVolumeClaim, ephemeral }) =>
              (persistentVolumeClaim?.claimName ?? (ephemeral && `${pod.metadata.name}-${name}`)) === metadata.name,
          ),
      )
      .map((pod) => pod.metadata.name)
  }

  async function bind(claim: Claim, volume: Volume): Promise<void> {
    if (volume.spec?.claimRef?.uid !== claim.metadata.uid) await reserve(volume, claim)
    const naming = namingOf(claim, volume)
    const named = naming ? await patchClaim(claim, naming) : claim
    await setClaimStatus(named, boundStatus(named, volume))
  }

  async function reserve(volume: Volume, { metadata }: Claim): Promise<void> {
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

  /** Asks the provisioner of the claim's class, which watches for this annotation. */
  async function requestVolume(claim: Claim, provisioner: string): Promise<void> {
    const asked = claim.metadata.annotations?.[storageProvisioner] === provisioner
    const annotations = { [storageProvisioner]: provisioner, [oldStorageProvisioner]: provisioner }
    const current = asked ? claim : await patchClaim(claim, { metadata: { uid: claim.metadata.uid, annotations } })
    await setClaimStatus(current, { ...current.status, phase: 'Pending' })
  }

  async function patchClaim(claim: Claim, body: object): Promise<Claim> {
    const written = await client.patch(persistentVolumeClaims, refOf(claim), { type: 'merge', body })
    await claims.caughtUp(written)
    return written
  }

  async function setClaimStatus(claim: Claim, status: PersistentVolumeClaim['status']): Promise<void> {
    if (jsonEqual(status, claim.status)) return
    await claims.caughtUp(
      await client.updateStatus(persistentVolumeClaims, { ...claim, ...(status ? { status } : {}) }),
    )
  }

  /** Volumes under deletion too: one is removed once its claim is known to be gone. */
  async function reconcileVolume(name: string): Promise<Outcome> {
    const volume = volumes.get(name)
    if (!volume) return undefined
    const claim = claims.get(claimOf(volume) ?? '')
    const own = claim?.metadata.uid === volume.spec?.claimRef?.uid ? claim : undefined
    const decision = decideVolume(volume, own)
    try {
      switch (decision.do) {
        case 'set-phase':
          if (decision.event) say(volume, decision.event)
          await setVolumePhase(volume, decision)
          break
        case 'unbind':
          await unbind(volume)
          break
        case 'delete':
          await client.delete(persistentVolumes, { name }, { preconditions: { uid: volume.metadata.uid } })
          break
        case 'warn':
          say(volume, decision.event)
          if (own) say(own, decision.claim)
          break
        case 'nothing':
      }
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  }

  async function setVolumePhase(
    volume: Volume,
    { phase, message }: { phase: string; message?: string },
  ): Promise<void> {
    const { message: _, ...before } = volume.status ?? {}
    const status = { ...before, phase, ...(message ? { message } : {}) }
    await volumes.caughtUp(await client.updateStatus(persistentVolumes, { ...volume, status }))
  }

  async function unbind(volume: Volume): Promise<void> {
    const isOurs = volume.metadata.annotations?.[boundByController] !== undefined
    const { resourceVersion } = volume.metadata
    const body = isOurs
      ? { metadata: { resourceVersion, annotations: { [boundByController]: null } }, spec: { claimRef: null } }
      : { metadata: { resourceVersion }, spec: { claimRef: { uid: null, resourceVersion: null } } }
    await volumes.caughtUp(await client.patch(persistentVolumes, refOf(volume), { type: 'merge', body }))
  }

  function say(about: Claim | Volume, { type, reason, message }: Said): void {
    const kind = about.metadata.namespace ? 'PersistentVolumeClaim' : 'PersistentVolume'
    recorder.event({ ...about, apiVersion: 'v1', kind }, type, reason, message)
  }

  /** Claims that a change of a volume may concern: its own, those that name it, and all of its class that have none. */
  const hopefulClaims = (volume: Volume): string[] => {
    const own = claimOf(volume)
    const { name } = volume.metadata
    return claims
      .list()
      .filter((claim) => {
        const wanted = claim.spec?.volumeName
        if (wanted) return wanted === name
        return own === undefined ? classNameOf(claim) === classNameOf(volume) : isReservedFor(volume, claim)
      })
      .map(keyOf)
  }

  const homelessClaims = (): string[] => {
    const homeless = claims.list().filter(({ spec }) => !spec?.volumeName)
    return homeless.map(keyOf)
  }

  const namedVolumes = (claim: Claim): string[] => [
    ...(claim.spec?.volumeName ? [claim.spec.volumeName] : []),
    ...volumes.byIndex('claim', keyOf(claim)).map(keyOf),
  ]

  const binding = runController({
    ...context,
    name: 'persistent-volume-claim',
    reconcile: reconcileClaim,
    shares: [claims, volumes, classes, podInformer],
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

/** Its earlier name, which provisioners of that time read. */
const oldStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner'

const claimOf = ({ spec }: PersistentVolume): string | undefined =>
  spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : undefined
