import { computed, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import type { TableColumn } from '../../components/table.ts'
import type { Column, KindDescriptor } from '../../kinds/descriptor.ts'
import { dependsOnTime, isKeyOf, matchOf, type FilterFields } from '../../kinds/filter/match.ts'
import { parseFilter, withoutWord } from '../../kinds/filter/parse.ts'
import { kindKey } from '../../kinds/index.ts'
import { ownColumns } from '../../kinds/own-columns.ts'
import { printedColumns } from '../../kinds/printed.ts'
import { columnsOf, createRows, headings, shownColumns, type Rows, type Sort } from '../../kinds/rows.ts'
import { useLists } from '../../stores/lists.ts'
import { useYours } from '../../stores/yours.ts'

/** A word of the filter, and what is shown without it. */
export interface SpareWord {
  text: string
  /** The filter without the word. */
  rest: string
  /** How many objects match the rest. */
  count: number
}

export interface ListRows {
  /** The objects of the chosen namespaces, before the filter. */
  placed: ComputedRef<readonly Stored[]>
  /** The words of the filter. */
  words: ComputedRef<readonly SpareWord[]>
  all: ComputedRef<readonly Column<Stored>[]>
  columns: ComputedRef<readonly Column<Stored>[]>
  headings: ComputedRef<TableColumn[]>
  fields: ComputedRef<FilterFields>
  sort: ComputedRef<Sort>
  table: ComputedRef<Rows>
  sortBy(column: string): void
  choose(ids: string[]): void
  move(column: string, by: number): void
  resize(column: string, width: number): void
  reset(): void
}

/** The columns and rows of a list as the user has arranged and filtered them. */
export function useListRows(options: {
  kind: () => KindDescriptor | undefined
  objects: () => readonly Stored[]
  /** Columns that follow from more than the object. */
  judged: () => readonly Column<Stored>[]
  namespaces: () => readonly string[]
  filter: () => string
  now: Readonly<Ref<number>>
}): ListRows {
  const { kind, objects, judged, namespaces, filter, now } = options
  const lists = useLists()
  const yours = useYours()
  const key = computed(() => {
    const shown = kind()
    return shown ? kindKey(shown.resource) : ''
  })
  const look = computed(() => lists.lookOf(key.value))

  /** The printed columns, replaced only when there are others: rows are remembered by their columns. */
  const printed = shallowRef<Column<Stored>[]>([])
  watch(
    [objects, kind],
    ([now, shown], [, before]) => {
      if (shown !== before) printed.value = []
      const next = shown?.printed ? printedColumns(now) : []
      const names = (columns: readonly Column<Stored>[]): string => columns.map(({ id }) => id).join('\n')
      if (next.length > 0 && names(next) !== names(printed.value)) printed.value = next
    },
    { immediate: true },
  )
  const all = computed(() => {
    const shown = kind()
    if (!shown) return []
    const whole = { ...shown, columns: [...judged(), ...shown.columns] }
    return columnsOf(whole, [...printed.value, ...ownColumns(yours.inForce, shown.resource)])
  })
  /** Where one namespace is shown, its name is no news. */
  const usual = computed(() =>
    namespaces().length === 1
      ? all.value.map((column) => (column.id === 'namespace' ? { ...column, wide: true } : column))
      : all.value,
  )
  const columns = computed(() =>
    shownColumns(usual.value, look.value.columns).map((column) => {
      const width = look.value.widths?.[column.id]
      return width === undefined ? column : { ...column, width: `${width}px` }
    }),
  )
  /** A filter may ask about hidden columns too, and about labels that are columns. */
  const fields = computed(() => ({ columns: all.value }))
  const parsed = computed(() => parseFilter(filter(), isKeyOf(fields.value)))
  const match = computed(() => matchOf(parsed.value, fields.value))
  const timed = computed(() => dependsOnTime(parsed.value, fields.value))
  const sort = computed((): Sort => look.value.sort ?? kind()?.sort ?? { column: 'name', descending: false })

  const placed = computed((): readonly Stored[] => {
    const wanted = new Set(kind()?.resource.namespaced ? namespaces() : [])
    return wanted.size === 0
      ? objects()
      : objects().filter(({ metadata: { namespace = '' } }) => namespace === '' || wanted.has(namespace))
  })
  const words = computed(() =>
    parsed.value.words.map((word): SpareWord => {
      const rest = withoutWord(filter(), word)
      const matches = matchOf(parseFilter(rest, isKeyOf(fields.value)), fields.value)
      return { text: word.text, rest, count: placed.value.filter((object) => matches(object, now.value)).length }
    }),
  )

  let view = createRows()
  watch(key, () => (view = createRows()), { flush: 'sync' })
  const table = computed(() =>
    view(
      placed.value,
      {
        columns: columns.value,
        match: match.value,
        timed: timed.value,
        sort: sort.value,
      },
      timed.value ? now.value : Date.now(),
    ),
  )

  const ids = (): string[] => columns.value.map(({ id }) => id).filter((id) => id !== 'name')
  return {
    placed,
    words,
    all,
    columns,
    headings: computed(() => headings(columns.value)),
    fields,
    sort,
    table,
    sortBy(column) {
      const descending = sort.value.column === column && !sort.value.descending
      void lists.setLook(key.value, { sort: { column, descending } })
    },
    choose: (next) => void lists.setLook(key.value, { columns: next }),
    move(column, by) {
      const next = ids()
      const at = next.indexOf(column)
      if (at < 0) return
      next.splice(at, 1)
      next.splice(Math.max(0, Math.min(next.length, at + by)), 0, column)
      void lists.setLook(key.value, { columns: next })
    },
    resize: (column, width) => void lists.setLook(key.value, { widths: { ...look.value.widths, [column]: width } }),
    reset: () => void lists.forgetLook(key.value),
  }
}
