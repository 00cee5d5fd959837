import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue'
import type { SavedView } from '#shared/contract/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { isKeyOf, matchOf, type FilterFields } from '../../kinds/filter/match.ts'
import { parseFilter } from '../../kinds/filter/parse.ts'
import { t } from '../../texts/index.ts'

export interface ListedView {
  key: string
  name: string
  filter: string
  count: number
  /** Its filter is the list's. */
  shown: boolean
  saved: boolean
  /** What it holds is not well. */
  bad: boolean
}

/** Counting views of thousands of objects is work: it takes at most this part of the time. */
const share = 1 / 50

/** The views of a list with their counts: all, what is not well, and the saved ones. */
export function useViews(options: {
  objects: () => readonly Stored[]
  fields: () => FilterFields
  trouble: () => KindDescriptor['trouble']
  filter: () => string
  saved: () => readonly SavedView[]
}): ComputedRef<ListedView[]> {
  const { objects, fields, trouble, filter, saved } = options
  const listed = computed(() => [
    { key: 'all', name: t('lists.views.all'), filter: '', saved: false, bad: false },
    ...(fields().columns.some(({ tone }) => tone) ? [troubleView(trouble())] : []),
    ...saved().map((view) => ({
      key: `saved ${view.name}`,
      name: view.name,
      filter: view.filter,
      saved: true,
      bad: false,
    })),
  ])
  const counters = computed(() => new Map(listed.value.map((view) => [view.key, counterOf(view.filter, fields())])))
  const counts = ref(new Map<string, number>())
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Counts are as new as the rows until then, ms. */
  let restUntil = 0
  const countAll = (): void => {
    clearTimeout(timer)
    timer = undefined
    const now = Date.now()
    counts.value = new Map([...counters.value].map(([key, count]) => [key, count(objects(), now)]))
    const ended = Date.now()
    restUntil = ended + (ended - now) / share
  }
  watch(
    [objects, counters],
    ([, next], [, before]) => {
      // The first objects are counted at once.
      const isEmpty = counts.value.get('all') === 0
      if (next !== before || isEmpty || Date.now() >= restUntil) countAll()
      else timer ??= setTimeout(countAll, restUntil - Date.now())
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return computed(() => {
    const isFiltered = filter().trim() !== '' || saved().length > 0
    // The heading tells how many there are.
    const sayNothing = !isFiltered && (listed.value.length === 1 || objects().length === 0)
    return (sayNothing ? [] : listed.value).map((view) => ({
      ...view,
      count: counts.value.get(view.key) ?? 0,
      shown: view.filter === filter().trim(),
    }))
  })
}

function troubleView({ view, filter }: NonNullable<KindDescriptor['trouble']> | typeof unhealthy = unhealthy) {
  return { key: view, name: t(`lists.views.${view}`), filter, saved: false, bad: true }
}
const unhealthy = { view: 'unhealthy', filter: 'status:unhealthy' } as const

/** Counts what matches, and asks each object once: objects are replaced and never changed. */
function counterOf(filter: string, fields: FilterFields): (objects: readonly Stored[], now: number) => number {
  if (filter === '') return (objects) => objects.length
  const parsed = parseFilter(filter, isKeyOf(fields))
  const match = matchOf(parsed, fields)
  const isTimed = /[<>]/.test(filter)
  const known = new WeakMap<Stored, boolean>()
  return (objects, now) => {
    let count = 0
    for (const object of objects) {
      let matches = isTimed ? undefined : known.get(object)
      if (matches === undefined) {
        matches = match(object, now)
        known.set(object, matches)
      }
      if (matches) count++
    }
    return count
  }
}
