import type { KubeObject } from '#shared/kube/object.ts'

export interface ResourceKey {
  group: string
  plural: string
}

/**
 * Synchronous reads of the newest durable state, for admission, authorizers and actions. Objects are shared: never
 * mutate them.
 */
export interface ObjectReader {
  /** @param namespace '' for cluster-scoped resources. */
  get(resource: ResourceKey, namespace: string, name: string): KubeObject | undefined
  /** Lists one namespace, or all when '' or unset. */
  list(resource: ResourceKey, namespace?: string): KubeObject[]
}
