import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { ListLook, RecentItem, SavedView } from '#shared/contract/settings.ts'
import { useSettings } from './settings.ts'

/** How many objects a context remembers as looked at. */
const mostRecent = 8

/** What the user has made of the lists: their columns, saved views, favourite kinds, objects looked at last. */
export const useLists = defineStore('lists', () => {
  const settings = useSettings()
  const of = <T>(record: Record<string, T[]>, context: string): T[] => record[context] ?? []

  const lookOf = (kind: string): ListLook => settings.settings.lists[kind] ?? {}
  const setLook = (kind: string, change: ListLook): Promise<void> =>
    settings.save({ lists: { [kind]: { ...lookOf(kind), ...change } } })
  /** The kind's own columns, widths and order again. */
  const forgetLook = (kind: string): Promise<void> => settings.save({ lists: { [kind]: {} } })

  const favouritesOf = (context: string): string[] => of(settings.settings.favourites, context)
  function toggleFavourite(context: string, kind: string): Promise<void> {
    const before = favouritesOf(context)
    const next = before.includes(kind) ? before.filter((each) => each !== kind) : [...before, kind]
    return settings.save({ favourites: { [context]: next } })
  }

  const viewsOf = (context: string, kind: string): SavedView[] =>
    of(settings.settings.views, context).filter((view) => view.kind === kind)
  /** A view of the same name is replaced. */
  function saveView(context: string, view: SavedView): Promise<void> {
    const others = of(settings.settings.views, context).filter((each) => !isSameView(each, view))
    return settings.save({ views: { [context]: [...others, view] } })
  }
  function removeView(context: string, view: SavedView): Promise<void> {
    const others = of(settings.settings.views, context).filter((each) => !isSameView(each, view))
    return settings.save({ views: { [context]: others } })
  }

  const recentOf = (context: string): RecentItem[] => of(settings.settings.recent, context)
  function visit(context: string, item: RecentItem): Promise<void> {
    const others = recentOf(context).filter(
      ({ kind, namespace, name }) => kind !== item.kind || namespace !== item.namespace || name !== item.name,
    )
    const next = [item, ...others].slice(0, mostRecent)
    return settings.save({ recent: { [context]: next } })
  }

  const isFolded = (group: string): boolean | undefined => settings.settings.folded[group]
  const fold = (group: string, folded: boolean): Promise<void> => settings.save({ folded: { [group]: folded } })

  /** The current row of each list, for who comes back to it. */
  const places = new Map<string, string>()
  const placeOf = (context: string, kind: string): string | undefined => places.get(`${context} ${kind}`)
  function keepPlace(context: string, kind: string, id: string | undefined): void {
    if (id === undefined) places.delete(`${context} ${kind}`)
    else places.set(`${context} ${kind}`, id)
  }

  /** How many objects the list that is shown has: the sidebar tells the same. */
  const counted = ref<{ context: string; kind: string; count: number }>()
  function report(context: string, kind: string, count: number | undefined): void {
    counted.value = count === undefined ? undefined : { context, kind, count }
  }

  return {
    placeOf,
    keepPlace,
    counted,
    report,
    lookOf,
    setLook,
    forgetLook,
    favouritesOf,
    toggleFavourite,
    viewsOf,
    saveView,
    removeView,
    recentOf,
    visit,
    isFolded,
    fold,
  }
})

const isSameView = (a: SavedView, b: SavedView): boolean => a.kind === b.kind && a.name === b.name
