import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Client, Resource } from '#shared/client/client.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../api/index.ts'
import { inTurns } from './in-turns.ts'

/** Interval between counts, ms. */
const interval = 5_000
/** A list that does not answer keeps the others waiting no longer than this, ms. */
const patience = 10_000

/** How many objects there are of a kind; `forbidden` where none of them may be listed. */
export type Count = number | 'forbidden'

/**
 * How many objects there are of each kind, by the name that `keyOf` gives it; counts that fail are left out.
 * @param resources those in sight: others are not asked about
 */
export function useCounts(
  resources: () => readonly Resource[],
  context: () => string,
  namespaces: () => readonly string[],
  keyOf: (resource: Resource) => string,
): ShallowRef<ReadonlyMap<string, Count>> {
  const api = useApi()
  const counts = shallowRef<ReadonlyMap<string, Count>>(new Map())
  let round = 0

  async function countAll(mine: number): Promise<void> {
    if (!document.hidden && api.connection.value === 'up') {
      const { client } = api.cluster(context())
      const scopes = namespaces()
      await inTurns(resources(), async (resource) => {
        const count = await countOrRefusal(client, resource, scopes)
        if (mine !== round || count === counts.value.get(keyOf(resource))) return
        const next = new Map(counts.value)
        if (count === undefined) next.delete(keyOf(resource))
        else next.set(keyOf(resource), count)
        counts.value = next
      })
    }
    if (mine === round) setTimeout(() => mine === round && void countAll(mine), interval)
  }
  const place = (): string => [context(), ...namespaces()].join(' ')
  watch(place, () => (counts.value = new Map()))
  watch([place, () => resources().map(keyOf).join(), api.connection], () => void countAll(++round), { immediate: true })
  onScopeDispose(() => round++)
  return counts
}

const countOrRefusal = (
  client: Client,
  resource: Resource,
  namespaces: readonly string[],
): Promise<Count | undefined> =>
  Promise.race([
    countOf(client, resource, namespaces).catch((error: unknown) =>
      error instanceof ApiError && error.code === 403 ? 'forbidden' : undefined,
    ),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), patience)),
  ])

/**
 * Counts by a list of one object and the server's `remainingItemCount`; namespaces that may not be listed count nothing
 * beside others. @param namespaces none = all
 */
export async function countOf(client: Client, resource: Resource, namespaces: readonly string[]): Promise<number> {
  const scopes = resource.namespaced && namespaces.length > 0 ? namespaces : [undefined]
  const lists = await Promise.allSettled(scopes.map((namespace) => client.list(resource, { namespace, limit: 1 })))
  const found = lists.flatMap((list) => (list.status === 'fulfilled' ? [list.value] : []))
  const refused = lists.find((list) => list.status === 'rejected')
  if (found.length === 0 && refused) throw refused.reason
  return found.reduce((sum, { items, metadata }) => sum + items.length + (metadata.remainingItemCount ?? 0), 0)
}
