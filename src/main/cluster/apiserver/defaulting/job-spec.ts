import type { JobSpec } from '#shared/kube/generated/types.ts'
import type { Wire } from '../api/wire.ts'

/** Sets the default status of pod conditions in a failure policy: True. */
export function setFailurePolicyDefaults(spec: Wire<JobSpec> | undefined): void {
  for (const rule of spec?.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
}
