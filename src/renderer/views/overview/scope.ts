import type { RouteLocationRaw } from 'vue-router'
import { quotedValue } from '../../kinds/filter/parse.ts'

/** What an overview is of: a context, or some of its namespaces. */
export interface Scope {
  context: string
  /** None = all. */
  namespaces: readonly string[]
}

/** The list of a kind, filtered to the scope of the overview that leads there. */
export function listIn({ context, namespaces }: Scope, plural: string, filter = ''): RouteLocationRaw {
  const isPlaced = filter.split(' ').some((word) => word.startsWith('ns:'))
  const place = namespaces.length > 0 && !isPlaced ? `ns:${namespaces.map(quotedValue).join(',')}` : ''
  const words = [place, filter].filter(Boolean).join(' ')
  return { name: 'list', params: { context, plural }, query: words === '' ? {} : { filter: words } }
}
