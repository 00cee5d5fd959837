import type { RouteLocationRaw } from 'vue-router'
import type { ObjectLink } from '../../explain/index.ts'
import { kindKey } from '../../kinds/index.ts'
import type { ContextKinds } from '../../kinds/useKinds.ts'

/** Where an object's page is; undefined for kinds that the cluster does not have. */
export function routeOf(
  context: string,
  { kind, apiVersion, name, namespace }: ObjectLink,
  { kindNamed }: Pick<ContextKinds, 'kindNamed'>,
): RouteLocationRaw | undefined {
  const resource = kindNamed(kind, apiVersion)?.resource
  if (!resource || name === '') return undefined
  return {
    name: 'object',
    params: { context, plural: kindKey(resource), namespace: resource.namespaced ? (namespace ?? '-') : '-', name },
  }
}

/** The list of a kind. @param key as `kindKey` names it */
export const listRoute = (context: string, key: string, filter?: string): RouteLocationRaw => ({
  name: 'list',
  params: { context, plural: key },
  query: filter === undefined ? {} : { filter },
})
