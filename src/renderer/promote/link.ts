import type { RouteLocationRaw } from 'vue-router'
import type { Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { keyOf } from './choose.ts'
import { staysBehind } from '#shared/kube/transfer/stays.ts'

/**
 * The page that promotes objects with what they need: a namespace as a whole, or objects of one namespace. Undefined where
 * there is no such page: objects of several namespaces, those that stay with their cluster, and those of the whole cluster.
 */
export function promoteRoute(
  context: string,
  resource: Resource,
  objects: readonly Stored[],
): RouteLocationRaw | undefined {
  const [namespace, ...others] = new Set(objects.map(({ metadata }) => metadata.namespace))
  if (others.length > 0 || objects.some((object) => staysBehind(object, resource))) return undefined
  const names = objects.map(({ metadata }) => metadata.name)
  if (resource.group === '' && resource.kind === 'Namespace' && names.length === 1)
    return { name: 'promote', params: { context, namespace: names[0] ?? '' } }
  if (!resource.namespaced || namespace === undefined) return undefined
  return {
    name: 'promote',
    params: { context, namespace },
    query: { objects: names.map((name) => keyOf(resource, name)).join(',') },
  }
}
