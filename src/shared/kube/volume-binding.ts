import type { PersistentVolume, PersistentVolumeClaim } from './generated/types.ts'
import type { Stored } from './object.ts'
import { compareQuantities } from './quantity.ts'
import { selects } from './selectors.ts'

/** Which volume satisfies which claim: what the volume controller and the scheduler must judge alike. */

/** On a claim whose binding is complete, on both sides. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed'
/** On the side of a binding that the controller wrote, not a user. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller'
/** On a volume: the provisioner that made it, and deletes it. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by'
/** On a claim: the node for which its volume is provisioned. */
export const selectedNode = 'volume.kubernetes.io/selected-node'
/** On a claim: the provisioner that is asked for a volume. */
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner'
export const noProvisioner = 'kubernetes.io/no-provisioner'

const betaClass = 'volume.beta.kubernetes.io/storage-class'

/** The class of a claim or a volume; empty for none. */
export const classNameOf = ({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string =>
  metadata.annotations?.[betaClass] ?? spec?.storageClassName ?? ''

export const capacityOf = ({ spec }: PersistentVolume): string => spec?.capacity?.['storage'] ?? '0'
export const requestOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.['storage'] ?? '0'

/** Whether the volume is reserved for this claim: by its uid, or by name alone by a user. */
export const isReservedFor = ({ spec }: PersistentVolume, { metadata }: Stored<PersistentVolumeClaim>): boolean =>
  spec?.claimRef !== undefined &&
  spec.claimRef.name === metadata.name &&
  spec.claimRef.namespace === metadata.namespace &&
  (!spec.claimRef.uid || spec.claimRef.uid === metadata.uid)

/**
 * Why the volume cannot be bound to the claim, in Kubernetes' words (checkVolumeSatisfyClaim); undefined when it can. The
 * claim's selector is not considered: it does not apply to a volume that is asked for by name.
 */
export function mismatchOf(volume: Stored<PersistentVolume>, claim: PersistentVolumeClaim): string | undefined {
  const { metadata, spec } = volume
  if (metadata.deletionTimestamp) return `the volume is marked for deletion "${metadata.name}"`
  if (compareQuantities(capacityOf(volume), requestOf(claim)) < 0) return 'requested PV is too small'
  if (classNameOf(volume) !== classNameOf(claim)) return 'storageClassName does not match'
  if ((spec?.volumeAttributesClassName ?? '') !== (claim.spec?.volumeAttributesClassName ?? ''))
    return 'volumeAttributesClassName does not match'
  if (hasOtherMode(volume, claim)) return 'incompatible volumeMode'
  if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode)))
    return 'incompatible accessMode'
  return undefined
}

export const hasOtherMode = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')

/** Whether the volume is free, or reserved for the claim, and satisfies it (FindMatchingVolume). */
export function isMatch(volume: Stored<PersistentVolume>, claim: Stored<PersistentVolumeClaim>): boolean {
  if (mismatchOf(volume, claim) !== undefined) return false
  if (isReservedFor(volume, claim)) return true
  if (volume.spec?.claimRef || volume.status?.phase !== 'Available') return false
  return claim.spec?.selector === undefined || selects(claim.spec.selector, volume.metadata.labels)
}

/** Order of preference among matches: few access modes first, then small. */
export const byFit = (a: Stored<PersistentVolume>, b: Stored<PersistentVolume>): number =>
  (a.spec?.accessModes?.length ?? 0) - (b.spec?.accessModes?.length ?? 0) ||
  compareQuantities(capacityOf(a), capacityOf(b)) ||
  (a.metadata.name < b.metadata.name ? -1 : 1)
