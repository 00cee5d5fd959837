import type { PersistentVolumeClaim, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'

/** A PersistentVolumeClaim that a pod uses. */
export interface PodClaim {
  name: string
  /** Created for the pod by the ephemeral volume controller. */
  ephemeral: boolean
}

/** Claims of the pod: named ones, and those of its generic ephemeral volumes. */
export function claimsOf({ metadata, spec }: Stored<Pod>): readonly PodClaim[] {
  if (!spec?.volumes) return none
  const claims: PodClaim[] = []
  for (const { name, persistentVolumeClaim, ephemeral } of spec.volumes) {
    if (persistentVolumeClaim) claims.push({ name: persistentVolumeClaim.claimName, ephemeral: false })
    else if (ephemeral) claims.push({ name: `${metadata.name}-${name}`, ephemeral: true })
  }
  return claims
}

const none: readonly never[] = []

export const usesClaim = (pod: Stored<Pod>, { metadata }: PersistentVolumeClaim): boolean =>
  metadata.namespace === pod.metadata.namespace && claimsOf(pod).some(({ name }) => name === metadata.name)
