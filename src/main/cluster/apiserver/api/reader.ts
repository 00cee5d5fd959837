import type { KubeObject, Stored } from '#shared/kube/object.ts'

/** A stored resource, in whichever version: those of `#shared/kube/resources.ts` are keys of their type. */
export interface ResourceKey<T extends KubeObject = KubeObject> {
  group: string
  plural: string
  /**
   * Reads the objects in this version. What a webhook converts is read as it is stored without it, and with it once its conversion is
   * prepared.
   */
  inVersion?: string
  /** Only carries the type. */
  readonly example?: T
}

/**
 * Synchronous reads of the newest durable state, for admission, authorizers and actions. Objects are shared: never
 * mutate them.
 */
export interface ObjectReader {
  /** @param namespace '' for cluster-scoped resources. */
  get<T extends KubeObject>(resource: ResourceKey<T>, namespace: string, name: string): Stored<T> | undefined
  /** Lists one namespace, or all when '' or unset. */
  list<T extends KubeObject>(resource: ResourceKey<T>, namespace?: string): Stored<T>[]
}
