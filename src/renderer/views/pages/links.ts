import type { RouteLocationRaw } from 'vue-router'
import type { ObjectLink } from '../../explain/index.ts'
import { kindNamed } from '../../kinds/index.ts'

/** Where an object's page is; undefined for kinds that have none. */
export function routeOf(context: string, { kind, name, namespace }: ObjectLink): RouteLocationRaw | undefined {
  const resource = kindNamed(kind)?.resource
  if (!resource || name === '') return undefined
  return {
    name: 'object',
    params: { context, plural: resource.plural, namespace: resource.namespaced ? (namespace ?? '-') : '-', name },
  }
}

/** The list of a kind. */
export const listRoute = (context: string, plural: string): RouteLocationRaw => ({
  name: 'list',
  params: { context, plural },
})
