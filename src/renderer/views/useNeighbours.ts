import { computed, type ComputedRef } from 'vue'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { endpointSlices, jobs, pods, replicaSets, services, type Resource } from '#shared/kube/resources.ts'
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

/** The objects that an object has to do with, in groups. */
export function useRelated(subject: () => Subject): ComputedRef<RelatedGroup[]> {
  /** @param of the kind that alone needs it; all when unset */
  const near = <T extends KubeObject>(resource: Resource<T>, of?: string) =>
    useLiveObjects<T>(
      () => subject().context,
      () => (of === undefined || subject().kind.resource.kind === of ? resource : undefined),
      () => ownNamespace(subject()),
    ).objects
  const [podsNear, setsNear, jobsNear, servicesNear, slicesNear] = [
    near(pods),
    near(replicaSets),
    near(jobs, 'CronJob'),
    near(services),
    near(endpointSlices),
  ]
  return computed(() => {
    const { kind, object } = subject()
    return relatedOf(kind, object, {
      pods: podsNear.value,
      replicaSets: setsNear.value,
      jobs: jobsNear.value,
      services: servicesNear.value,
      endpointSlices: slicesNear.value,
    })
  })
}
