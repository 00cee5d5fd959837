import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Client, Resource } from '#shared/client/client.ts'
import { useApi } from '../api/index.ts'

/** Interval between counts, ms. */
const interval = 5_000

/** How many objects there are of each kind, by plural; a kind that may not be listed has no count. */
export function useCounts(
  resources: readonly Resource[],
  context: () => string,
  namespaces: () => readonly string[],
): ShallowRef<Map<string, number>> {
  const api = useApi()
  const counts = shallowRef(new Map<string, number>())
  let round = 0

  async function countAll(mine: number): Promise<void> {
    if (!document.hidden && api.connection.value === 'up') {
      const next = await countEach(resources, api.cluster(context()).client, namespaces())
      if (mine !== round) return
      counts.value = next
    }
    setTimeout(() => mine === round && void countAll(mine), interval)
  }
  watch([context, namespaces], () => void countAll(++round), { immediate: true })
  onScopeDispose(() => round++)
  return counts
}

async function countEach(
  resources: readonly Resource[],
  client: Client,
  namespaces: readonly string[],
): Promise<Map<string, number>> {
  const found = await Promise.allSettled(
    resources.map(async (resource) => [resource.plural, await countOf(client, resource, namespaces)] as const),
  )
  return new Map(found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])))
}

/** Counts by a list of one object and the server's `remainingItemCount`. @param namespaces none = all */
export async function countOf(client: Client, resource: Resource, namespaces: readonly string[]): Promise<number> {
  const scopes = resource.namespaced && namespaces.length > 0 ? namespaces : [undefined]
  const lists = await Promise.all(scopes.map((namespace) => client.list(resource, { namespace, limit: 1 })))
  return lists.reduce((sum, { items, metadata }) => sum + items.length + (metadata.remainingItemCount ?? 0), 0)
}
