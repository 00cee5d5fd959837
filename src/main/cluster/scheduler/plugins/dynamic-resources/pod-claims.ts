import type { Informer } from '#shared/client/informer.ts'
import type { DeviceClass, Pod, ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { canBeReserved, claimNameOf, foreignClaim, isReservedFor } from '#shared/kube/resource-claims.ts'

/** The claims of a pod, in the order of its spec. @returns a text where one is not there yet: why */
export function claimsOf(pod: Pod, informer: Informer<ResourceClaim>): Stored<ResourceClaim>[] | string {
  const claims: Stored<ResourceClaim>[] = []
  for (const entry of pod.spec?.resourceClaims ?? []) {
    const found = claimNameOf(pod, entry)
    if (typeof found === 'string') return found
    // No claim is needed.
    if (!found) continue
    const claim = informer.get(`${pod.metadata.namespace ?? ''}/${found.name}`)
    if (!claim) return `resourceclaim "${found.name}" not found`
    if (claim.metadata.deletionTimestamp !== undefined) return `resourceclaim "${found.name}" is being deleted`
    const problem = found.isGenerated ? foreignClaim(pod, claim) : undefined
    if (problem !== undefined) return problem
    claims.push(claim)
  }
  return claims
}

/** Why no node can take the pod as long as the claim is as it is. */
export function problemOf(
  claim: Stored<ResourceClaim>,
  pod: Stored<Pod>,
  { isPending, classes }: { isPending: (uid: string) => boolean; classes: Informer<DeviceClass> },
): string | undefined {
  const { metadata, spec, status } = claim
  if (status?.allocation) return canBeReserved(claim) || isReservedFor(claim, pod) ? undefined : 'resourceclaim in use'
  if (isPending(metadata.uid))
    return `resource claim ${metadata.namespace}/${metadata.name} is in the process of being allocated`
  for (const { name, exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const wanted = exactly
      ? [{ request: name, class: exactly.deviceClassName }]
      : firstAvailable.map((each) => ({ request: `${name}/${each.name}`, class: each.deviceClassName }))
    const missing = wanted.find((each) => !classes.get(each.class))
    if (missing) return `request ${missing.request}: device class ${missing.class} does not exist`
  }
  return undefined
}
