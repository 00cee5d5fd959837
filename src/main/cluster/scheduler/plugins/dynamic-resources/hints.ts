import type { ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Change } from '../../cluster-state.ts'

/** Changes that may help a pod that was refused for its claims. */
export const interests: readonly Change['type'][] = [
  'node-added',
  'node-labels',
  'node-allocatable',
  'device-class',
  'resource-slice',
  'resource-claim',
  'pod-removed',
]

/**
 * Whether a change may help a pod that was refused for its claims.
 * @param claims those of the pod; a text where they are not all there
 */
export function mayHelp(change: Change, claims: readonly Stored<ResourceClaim>[] | string): boolean {
  switch (change.type) {
    case 'node-added':
    case 'node-labels':
    case 'node-allocatable':
      return true
    case 'device-class':
    case 'resource-slice':
      return change.action !== 'deleted'
    case 'resource-claim':
      return typeof claims !== 'string' && claimMayHelp(change, claims)
    case 'pod-removed':
      // A binding that failed has released what it had reserved.
      return (change.pod.pod.spec?.resourceClaims?.length ?? 0) > 0
    default:
      return false
  }
}

function claimMayHelp(
  { action, object, previous }: Extract<Change, { type: 'resource-claim' }>,
  claims: readonly Stored<ResourceClaim>[],
): boolean {
  // Devices are free again, whoever had them.
  const before = action === 'deleted' ? object : previous
  if (before?.status?.allocation && (action === 'deleted' || !object.status?.allocation)) return true
  if (action === 'deleted' || !claims.some(({ metadata }) => metadata.uid === object.metadata.uid)) return false
  return !previous || !jsonEqual(previous.status, object.status)
}
