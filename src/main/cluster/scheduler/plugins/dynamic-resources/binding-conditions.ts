import type {
  AllocatedDeviceStatus,
  DeviceRequestAllocationResult,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import { findCondition, isConditionTrue } from '#shared/kube/conditions.ts'

/** How long the devices of a claim may take to become ready, ms (bindingTimeout of DynamicResourcesArgs). */
export const bindingTimeoutMs = 600_000

export interface Readiness {
  isReady: boolean
  /** Why the devices will not become ready. */
  failure?: string
}

/** Whether the devices of an allocated claim are ready for a pod, by the conditions that their drivers report. */
export function readinessOf(claim: ResourceClaim): Readiness {
  for (const result of resultsOf(claim)) {
    const { bindingConditions = [], bindingFailureConditions = [] } = result
    if (bindingConditions.length === 0) continue
    const { conditions } = statusOf(claim, result) ?? {}
    const failed = bindingFailureConditions
      .map((type) => findCondition(conditions, type))
      .find((each) => each?.status === 'True')
    if (failed) {
      const { reason, message } = failed
      const failure = `claim ${claim.metadata.name ?? ''} binding failed: reason=${reason}, message=${JSON.stringify(message)}`
      return { isReady: false, failure }
    }
    if (!bindingConditions.every((type) => isConditionTrue(conditions, type))) return { isReady: false }
  }
  return { isReady: true }
}

export const hasBindingConditions = (claim: ResourceClaim): boolean =>
  resultsOf(claim).some(({ bindingConditions = [] }) => bindingConditions.length > 0)

/** Whether its devices have not become ready in time. @param now ms */
export function isOverdue(claim: ResourceClaim, now: number): boolean {
  const since = claim.status?.allocation?.allocationTimestamp
  return since !== undefined && hasBindingConditions(claim) && Date.parse(since) + bindingTimeoutMs < now
}

const resultsOf = ({ status }: ResourceClaim): DeviceRequestAllocationResult[] =>
  status?.allocation?.devices?.results ?? []

const statusOf = (
  { status }: ResourceClaim,
  { driver, pool, device, shareID }: DeviceRequestAllocationResult,
): AllocatedDeviceStatus | undefined =>
  status?.devices?.find(
    (each) => each.driver === driver && each.pool === pool && each.device === device && each.shareID === shareID,
  )
