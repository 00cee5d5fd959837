import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  bindCompleted,
  boundByController,
  classNameOf,
  hasOtherMode,
  isReservedFor,
  mismatchOf,
  noProvisioner,
  provisionedBy,
  selectedNode,
} from '#shared/kube/volume-binding.ts'

type Claim = Stored<PersistentVolumeClaim>
type Volume = Stored<PersistentVolume>

export interface Said {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

/** What a claim's binding is decided from. */
export interface ClaimView {
  /** The volume that `spec.volumeName` names. */
  named: Volume | undefined
  /** The best of the volumes that satisfy the claim, for a claim that names none. */
  match: Volume | undefined
  storageClass: Stored<StorageClass> | undefined
  /** The cluster's default class. */
  defaultClass: string | undefined
  /** Pods that use the claim and are not on a node yet. */
  waitingPods: readonly string[]
}

export type ClaimDecision =
  | { do: 'bind'; volume: Volume }
  | { do: 'wait' | 'lose'; event?: Said }
  | { do: 'assign-class'; name: string }
  | { do: 'request-volume'; provisioner: string; event: Said }

const warning = (reason: string, message: string): Said => ({ type: 'Warning', reason, message })
const normal = (reason: string, message: string): Said => ({ type: 'Normal', reason, message })

/** What becomes of a claim (syncClaim of Kubernetes' persistent-volume controller). */
export function decideClaim(claim: Claim, view: ClaimView): ClaimDecision {
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return decideBound(claim, view)
  return claim.spec?.volumeName ? decideNamed(claim, view) : decideFree(claim, view)
}

function decideBound(claim: Claim, { named }: ClaimView): ClaimDecision {
  const lose = (message: string): ClaimDecision => ({ do: 'lose', event: warning('ClaimLost', message) })
  if (!claim.spec?.volumeName)
    return lose('Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  if (!named) return lose('Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  if (!named.spec?.claimRef || named.spec.claimRef.uid === claim.metadata.uid) return { do: 'bind', volume: named }
  return {
    do: 'lose',
    event: warning('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly'),
  }
}

/** The claim asks for one volume by name. */
function decideNamed(claim: Claim, { named }: ClaimView): ClaimDecision {
  if (!named) return { do: 'wait' }
  const { name } = named.metadata
  if (named.spec?.claimRef) {
    if (isReservedFor(named, claim)) return { do: 'bind', volume: named }
    return { do: 'wait', event: warning('FailedBinding', `volume "${name}" already bound to a different claim.`) }
  }
  const mismatch = mismatchOf(named, claim)
  if (mismatch === undefined) return { do: 'bind', volume: named }
  return { do: 'wait', event: warning('VolumeMismatch', `Cannot bind to requested volume "${name}": ${mismatch}`) }
}

function decideFree(claim: Claim, view: ClaimView): ClaimDecision {
  if (view.match) return { do: 'bind', volume: view.match }
  // A default class that was made after the claim (RetroactiveDefaultStorageClass).
  if (claim.spec?.storageClassName === undefined && classNameOf(claim) === '' && view.defaultClass !== undefined)
    return { do: 'assign-class', name: view.defaultClass }
  if (waitsForConsumer(view.storageClass) && claim.metadata.annotations?.[selectedNode] === undefined)
    return { do: 'wait', event: explainConsumer(view.waitingPods) }
  if (classNameOf(claim) !== '') return requestVolume(classNameOf(claim), view.storageClass)
  const message = 'no persistent volumes available for this claim and no storage class is set'
  return { do: 'wait', event: normal('FailedBinding', message) }
}

export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer'

const explainConsumer = (pods: readonly string[]): Said =>
  pods.length > 0
    ? normal('WaitForPodScheduled', `waiting for pod ${pods.join(',')} to be scheduled`)
    : normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding')

function requestVolume(className: string, storageClass: StorageClass | undefined): ClaimDecision {
  const fail = (message: string): ClaimDecision => ({ do: 'wait', event: warning('ProvisioningFailed', message) })
  if (!storageClass) return fail(`storageclass.storage.k8s.io "${className}" not found`)
  const { provisioner } = storageClass
  // Kubernetes has no provisioners of its own left.
  if (provisioner === noProvisioner || provisioner.startsWith('kubernetes.io/'))
    return fail(`no volume plugin matched name: ${provisioner}`)
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system ` +
    'administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.'
  return { do: 'request-volume', provisioner, event: normal('ExternalProvisioning', message) }
}

export type VolumeDecision =
  | { do: 'nothing' }
  | { do: 'set-phase'; phase: string; message?: string; event?: Said }
  /** Gives up a binding that the claim does not want: wholly where the controller made it, else its uid alone. */
  | { do: 'unbind' }
  | { do: 'delete' }
  | { do: 'warn'; event: Said; claim: Said }

/**
 * What becomes of a volume (syncVolume). Released is final: the volume holds another claim's data.
 * @param claim the claim of its `claimRef`, with the same uid
 */
export function decideVolume(volume: Volume, claim: Claim | undefined): VolumeDecision {
  const reference = volume.spec?.claimRef
  if (!reference?.uid) return setPhase(volume, 'Available')
  if (!claim) return released(volume)
  if (!claim.spec?.volumeName) return hasOtherMode(volume, claim) ? warnOfMode(volume, claim) : { do: 'nothing' }
  if (claim.spec.volumeName === volume.metadata.name) return setPhase(volume, 'Bound')
  // The claim has chosen another volume.
  const isProvisioned = volume.metadata.annotations?.[provisionedBy] !== undefined
  if (isProvisioned && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') return released(volume)
  return { do: 'unbind' }
}

const setPhase = (volume: Volume, phase: string): VolumeDecision =>
  volume.status?.phase === phase ? { do: 'nothing' } : { do: 'set-phase', phase }

function warnOfMode(volume: Volume, claim: Claim): VolumeDecision {
  const { name } = claim.metadata
  const wrongMode = 'due to incompatible volumeMode'
  return {
    do: 'warn',
    event: warning(
      'VolumeMismatch',
      `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${name}" ${wrongMode}`,
    ),
    claim: warning(
      'VolumeMismatch',
      `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim ${wrongMode}`,
    ),
  }
}

function released(volume: Volume): VolumeDecision {
  const { phase } = volume.status ?? {}
  if (phase !== 'Released' && phase !== 'Failed') return { do: 'set-phase', phase: 'Released' }
  return phase === 'Failed' || volume.metadata.deletionTimestamp ? { do: 'nothing' } : reclaim(volume)
}

/** Volumes of a provisioner are deleted by it. */
function reclaim({ metadata, spec }: Volume): VolumeDecision {
  const fail = (reason: string, message: string): VolumeDecision => ({
    do: 'set-phase',
    phase: 'Failed',
    message,
    event: warning(reason, message),
  })
  switch (spec?.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return { do: 'nothing' }
    case 'Recycle':
      return fail('VolumeFailedRecycle', 'No recycler plugin found for the volume!')
    case 'Delete': {
      if (metadata.annotations?.[provisionedBy] !== undefined || spec.csi) return { do: 'nothing' }
      const path = spec.hostPath?.path
      // Kubernetes' own deleter of hostPath volumes, which it has for tests, removes the folder where the controller
      // runs: no worker's folder.
      if (path !== undefined && /^\/tmp\/.+/.test(path)) return { do: 'delete' }
      if (path !== undefined)
        return fail('VolumeFailedDelete', `host_path deleter only supports /tmp/.+ but received provided ${path}`)
      const message = `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched`
      return fail('VolumeFailedDelete', message)
    }
    default:
      return fail('VolumeUnknownReclaimPolicy', 'Volume has an unrecognized reclaim policy')
  }
}

/** Annotations and fields that a claim gets with its volume. */
export function namingOf(claim: Claim, volume: PersistentVolume): object | undefined {
  const { annotations = {} } = claim.metadata
  if (claim.spec?.volumeName && annotations[bindCompleted] !== undefined) return undefined
  const marks = claim.spec?.volumeName ? {} : { [boundByController]: 'yes' }
  return {
    metadata: { uid: claim.metadata.uid, annotations: { [bindCompleted]: 'yes', ...marks } },
    spec: { volumeName: volume.metadata.name },
  }
}

/**
 * Status of a claim that is bound. The capacity of one that was bound before stays: it follows when the volume has been
 * expanded (updateClaimStatus).
 */
export function boundStatus({ status }: Claim, { spec }: PersistentVolume): PersistentVolumeClaim['status'] {
  const capacity = status?.phase === 'Bound' ? {} : { capacity: spec?.capacity }
  const { volumeAttributesClassName } = spec ?? {}
  return {
    ...status,
    phase: 'Bound',
    accessModes: spec?.accessModes,
    ...capacity,
    ...(volumeAttributesClassName ? { currentVolumeAttributesClassName: volumeAttributesClassName } : {}),
  } as PersistentVolumeClaim['status']
}
