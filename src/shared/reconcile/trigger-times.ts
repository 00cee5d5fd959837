import type { Pod, Service } from '../kube/generated/types.ts'
import { findCondition } from '../kube/conditions.ts'
import type { ObjectMeta, Stored } from '../kube/object.ts'
import { keyOf } from '../client/informer.ts'

/** When the change happened that Endpoints or slices were written for; absent where no pod and no Service tells. */
export const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Tells, from one reconcile of a Service to the next, when the oldest of the changes in between happened. */
export interface TriggerTimes {
  /** @returns RFC 3339; undefined where nothing has changed that carries a time */
  next(service: Stored<Service>, pods: readonly Pod[]): string | undefined
  forget(key: string): void
}

/**
 * A pod changes when its readiness does, a Service when it is created. A Service seen for the first time counts from its
 * creation.
 */
export function createTriggerTimes(): TriggerTimes {
  const seen = new Map<string, { service: string; pods: Map<string, string> }>()
  return {
    next(service, pods) {
      const key = keyOf(service)
      const before = seen.get(key)
      const created = service.metadata.creationTimestamp ?? ''
      const times = new Map(pods.map((pod) => [pod.metadata.name ?? '', readinessTime(pod)]))
      seen.set(key, { service: created, pods: times })
      if (!before) return created || undefined
      // Times of one form compare as text.
      const changes = [...times].filter(([name, time]) => time > (before.pods.get(name) ?? '')).map(([, time]) => time)
      if (created > before.service) changes.push(created)
      return changes.sort()[0]
    },
    forget: (key) => void seen.delete(key),
  }
}

const readinessTime = ({ status }: Pod): string => findCondition(status?.conditions, 'Ready')?.lastTransitionTime ?? ''

/** The metadata of what is written now. */
export function withTriggerTime<M extends ObjectMeta>(metadata: M, time: string | undefined): M {
  const { annotations, ...others } = metadata
  const { [triggerAnnotation]: _, ...kept } = annotations ?? {}
  const all = { ...kept, ...(time === undefined ? {} : { [triggerAnnotation]: time }) }
  return { ...(others as M), ...(Object.keys(all).length > 0 ? { annotations: all } : {}) }
}
