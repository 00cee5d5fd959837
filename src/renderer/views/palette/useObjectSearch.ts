import { shallowRef, watch, type ShallowRef } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import { useApi } from '../../api/index.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'

export interface FoundObject {
  context: string
  kind: KindDescriptor
  namespace?: string | undefined
  name: string
}

/** How long names are kept, ms: typing on asks nobody. */
const freshness = 15_000
/** Names that are read of a kind at most. */
const mostNames = 5_000
/** Kinds whose names nobody looks for. */
const dull = ['events', 'leases', 'endpoints', 'endpointslices', 'componentstatuses', 'controllerrevisions']

/** What is measured of pods and nodes has their names. */
const metricsGroup = 'metrics.k8s.io'

/** Objects of several contexts whose names hold a word, across kinds. Only metadata is asked for. */
export function useObjectSearch(
  word: () => string,
  contexts: () => readonly string[],
  kindsOf: (context: string) => readonly KindDescriptor[],
): { found: ShallowRef<readonly FoundObject[]>; searching: ShallowRef<boolean> } {
  const api = useApi()
  const found = shallowRef<readonly FoundObject[]>([])
  const searching = shallowRef(false)
  const kept = new Map<string, { at: number; names: Promise<Stored[]> }>()

  function namesOf(context: string, kind: KindDescriptor): Promise<Stored[]> {
    const key = `${context} ${kind.resource.group}/${kind.resource.plural}`
    const known = kept.get(key)
    if (known && Date.now() - known.at < freshness) return known.names
    const names = api
      .cluster(context)
      .names.client.list(kind.resource, { limit: mostNames })
      .then(({ items }) => items)
      .catch(() => [])
    kept.set(key, { at: Date.now(), names })
    return names
  }

  let round = 0
  watch([word, contexts], async ([text, ids]) => {
    const mine = ++round
    const wanted = text.trim().toLowerCase()
    searching.value = wanted.length > 1
    if (!searching.value) {
      found.value = []
      return
    }
    const next: FoundObject[] = []
    const asked = ids.flatMap((context) =>
      kindsOf(context)
        .filter(({ resource }) => !dull.includes(resource.plural) && resource.group !== metricsGroup)
        .map(async (kind) => {
          for (const { metadata } of await namesOf(context, kind)) {
            const { name, namespace } = metadata
            if (name.toLowerCase().includes(wanted)) next.push({ context, kind, name, namespace })
          }
          if (mine === round) found.value = [...next].sort((a, b) => rank(a, wanted) - rank(b, wanted))
        }),
    )
    await Promise.all(asked)
    if (mine === round) searching.value = false
  })
  return { found, searching }
}

/** Names that begin with the word come first, then the shorter ones. */
const rank = ({ name }: FoundObject, word: string): number =>
  (name.toLowerCase().startsWith(word) ? 0 : 1_000) + name.length
