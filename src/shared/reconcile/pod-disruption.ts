import { setCondition } from '#shared/kube/conditions.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'

/** Why a pod is ended: Jobs tell a disruption from a failure of the pod's own by this condition. */
export interface Disruption {
  reason: string
  message: string
}

/** The pod with the condition DisruptionTarget, which precedes its deletion. @param now a timestamp */
export const withDisruption = (pod: Stored<Pod>, disruption: Disruption, now: string): Stored<Pod> => ({
  ...pod,
  status: {
    ...pod.status,
    conditions: setCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', ...disruption }, now),
  },
})
