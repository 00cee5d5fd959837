import { computed, type ComputedRef } from 'vue'
import type { Event } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { endpointSlices, events, pods, replicaSets, services, type Resource } from '#shared/kube/resources.ts'
import { useLiveObjects } from '../composables/useLiveObjects.ts'
import type { KindDescriptor } from '../kinds/descriptor.ts'
import { relatedOf, type RelatedGroup } from '../kinds/related.ts'

/** The object whose surroundings are shown. */
interface Subject {
  context: string
  kind: KindDescriptor
  object: Stored
}

/** What surrounds an object lies in its namespace. */
const ownNamespace = ({ object: { metadata } }: Subject): string[] => (metadata.namespace ? [metadata.namespace] : [])

/** The events about an object, newest first. */
export function useEventsOf(subject: () => Subject): ComputedRef<Event[]> {
  const live = useLiveObjects<Event>(
    () => subject().context,
    () => events,
    () => ownNamespace(subject()),
  )
  return computed(() => {
    const { kind, object } = subject()
    const { uid, name, namespace } = object.metadata
    return live.objects.value
      .filter(
        ({ involvedObject: about }) =>
          about.uid === uid ||
          (about.uid === undefined &&
            about.kind === kind.resource.kind &&
            about.name === name &&
            about.namespace === namespace),
      )
      .sort((a, b) => lastSeen(b).localeCompare(lastSeen(a)))
  })
}

export const lastSeen = ({ lastTimestamp, eventTime }: Event): string => lastTimestamp ?? eventTime ?? ''

/** The objects that an object has to do with, in groups. */
export function useRelated(subject: () => Subject): ComputedRef<RelatedGroup[]> {
  const near = <T extends KubeObject>(resource: Resource<T>) =>
    useLiveObjects<T>(
      () => subject().context,
      () => resource,
      () => ownNamespace(subject()),
    ).objects
  const [podsNear, setsNear, servicesNear, slicesNear] = [
    near(pods),
    near(replicaSets),
    near(services),
    near(endpointSlices),
  ]
  return computed(() => {
    const { kind, object } = subject()
    return relatedOf(kind, object, {
      pods: podsNear.value,
      replicaSets: setsNear.value,
      services: servicesNear.value,
      endpointSlices: slicesNear.value,
    })
  })
}
