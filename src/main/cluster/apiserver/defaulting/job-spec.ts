import type { JobSpec } from '#shared/kube/generated/types.ts'
import type { Wire } from '../api/wire.ts'

/** A condition of a pod that a job's policy names without a status has to be true. */
export function setFailurePolicyDefaults(spec: Wire<JobSpec> | undefined): void {
  for (const rule of spec?.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
}
