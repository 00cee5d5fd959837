import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { endOfName, type TableCell, type TableColumn, type TableRow } from '../components/table.ts'
import { columns as columnTexts } from '../texts/en/columns.ts'
import { t } from '../texts/index.ts'
import { timeColumn } from './cells.ts'
import type { Column, KindDescriptor } from './descriptor.ts'
import type { Match } from './filter/match.ts'

const name: Column<Stored> = {
  id: 'name',
  value: ({ metadata }) => metadata.name,
  faintFrom: ({ metadata: { name: text, generateName, labels } }) => {
    const hash = labels?.['pod-template-hash']
    const at = hash ? text.lastIndexOf(`-${hash}`) : -1
    if (at > 0) return at
    const isMadeUp =
      generateName !== undefined && text.startsWith(generateName) && text.length === generateName.length + 5
    return isMadeUp ? generateName.length - 1 : undefined
  },
  width: 'minmax(200px,2fr)',
}
const namespace: Column<Stored> = {
  id: 'namespace',
  value: ({ metadata }) => metadata.namespace ?? '',
  width: '130px',
  isName: true,
}
const ageColumn: Column<KubeObject> = {
  ...timeColumn('age', ({ metadata }) => metadata.creationTimestamp),
  width: '64px',
}

/** @param printed columns that the server tells, of a kind that has no room here */
export function columnsOf(
  { resource, columns, without = [] }: KindDescriptor,
  printed: readonly Column<Stored>[] = [],
): Column<Stored>[] {
  const all = [name, ...(resource.namespaced ? [namespace] : []), ...columns, ...printed, ageColumn]
  return all.map((column) => (without.some((id) => id === column.id) ? { ...column, wide: true } : column))
}

export const labelPrefix = 'label:'
/** A column that shows a label of the user's choice. @param id `label:<key>` */
export const labelColumn = (id: string): Column<Stored> => {
  const key = id.slice(labelPrefix.length)
  return { id, title: key, value: ({ metadata }) => metadata.labels?.[key] ?? '', width: 'minmax(90px,1fr)', drop: 0 }
}

/** The shown columns in the user's order; the kind's own where the user has not chosen. The name is first. */
export function shownColumns(all: readonly Column<Stored>[], chosen: readonly string[] | undefined): Column<Stored>[] {
  if (!chosen) return all.filter(({ wide }) => !wide)
  const hasName = all.some(({ id, wide }) => id === 'name' && !wide)
  const found = chosen.flatMap((id) => {
    if (id.startsWith(labelPrefix)) return [labelColumn(id)]
    return all.filter((column) => column.id === id && !(hasName && id === 'name'))
  })
  return [...all.filter(({ id }) => hasName && id === 'name'), ...found]
}

/** A column's heading in the user's language. */
export const columnTitle = ({ id, title }: Pick<Column<Stored>, 'id' | 'title'>): string =>
  title ?? (isTitled(id) ? t(`columns.${id}`) : id)
const isTitled = (id: string): id is keyof typeof columnTexts => Object.hasOwn(columnTexts, id)

export const idOf = ({ metadata }: Stored): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name

export interface RowQuery {
  columns: readonly Column<Stored>[]
  match: Match
  /** The time decides about matches: every object is asked again each time. */
  timed?: boolean
  sort: Sort
}
export interface Sort {
  column: string
  descending: boolean
}

export interface Rows {
  rows: ObjectRow[]
  /** Objects that the filter leaves out. */
  hidden: number
}
export interface ObjectRow extends TableRow {
  object: Stored
}

interface Entry extends ObjectRow {
  key: string | number
}

/**
 * The rows to show: filtered, and sorted by the column's value with the name to settle ties. What an object is worth is
 * remembered as long as the query is the same, because objects are replaced and never changed: after a change of a few
 * of thousands of objects only those few are looked at.
 */
export function createRows(): (objects: readonly Stored[], query: RowQuery, now: number) => Rows {
  let known = new Map<Stored, Entry | undefined>()
  let order: Entry[] = []
  let before: RowQuery | undefined
  return (objects, query, now) => {
    const isSame = before !== undefined && !query.timed && isSameQuery(before, query)
    before = query
    const entryOf = entriesOf(query, now)
    const next = new Map<Stored, Entry | undefined>()
    const fresh: Entry[] = []
    for (const object of objects) {
      const isKnown = isSame && known.has(object)
      const entry = isKnown ? known.get(object) : entryOf(object)
      next.set(object, entry)
      if (entry && !isKnown) fresh.push(entry)
    }
    const compare = comparison(query.sort)
    fresh.sort(compare)
    const kept = isSame ? order.filter(({ object }) => next.has(object)) : []
    known = next
    order = merged(kept, fresh, compare)
    return { rows: order, hidden: objects.length - order.length }
  }
}

const isSameQuery = (a: RowQuery, b: RowQuery): boolean =>
  a.columns === b.columns &&
  a.match === b.match &&
  a.sort.column === b.sort.column &&
  a.sort.descending === b.sort.descending

function entriesOf(query: RowQuery, now: number): (object: Stored) => Entry | undefined {
  const { columns, match, sort } = query
  const column = columns.find(({ id }) => id === sort.column) ?? name
  return (object) => (match(object, now) ? rowOf(object, columns, keyOf(column.value(object))) : undefined)
}

/** Makes its cells at the first access: only rows in sight are accessed. */
function rowOf(object: Stored, columns: readonly Column<Stored>[], key: Entry['key']): Entry {
  let cells: TableRow['cells'] | undefined
  return {
    object,
    key,
    id: idOf(object),
    leaving: object.metadata.deletionTimestamp !== undefined,
    get cells() {
      return (cells ??= columns.map((column) => cellOf(object, column)))
    },
  }
}

function cellOf(object: Stored, column: Column<Stored>): TableCell {
  const { text } = column
  const value = String(column.value(object))
  return {
    text: text ? (now) => text(object, now) : value,
    tone: column.tone?.(object),
    usage: column.usage,
    faintFrom: column.faintFrom?.(object),
    keepFrom: column.keepFrom?.(object) ?? (column.isName ? endOfName(value) : undefined),
  }
}

/** Numbers in texts are compared as numbers: `web-9` is before `web-10`. */
const keyOf = (value: string | number): string | number =>
  typeof value === 'number' ? value : value.toLowerCase().replaceAll(/\d+/g, (digits) => digits.padStart(12, '0'))

function comparison({ descending }: Sort): (a: Entry, b: Entry) => number {
  const sign = descending ? -1 : 1
  return (a, b) => sign * compare(a.key, b.key) || compareText(a.id, b.id)
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string' || typeof b === 'string') return compareText(String(a), String(b))
  // Times that are missing come last.
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a - b
}
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function merged(kept: Entry[], fresh: Entry[], order: (a: Entry, b: Entry) => number): Entry[] {
  if (fresh.length === 0) return kept
  const all: Entry[] = []
  let at = 0
  for (const entry of fresh) {
    for (let next = kept[at]; next && order(next, entry) <= 0; next = kept[++at]) all.push(next)
    all.push(entry)
  }
  for (; at < kept.length; at++) {
    const rest = kept[at]
    if (rest) all.push(rest)
  }
  return all
}

/** Columns that stay where there is no room; of the others, those without a number of their own go from the right. */
const lasting = new Set(['name', 'status', 'age', 'seen', 'message'])

export const headings = (columns: readonly Column<Stored>[]): TableColumn[] =>
  columns.map((column, at) => {
    const { id, width, numeric } = column
    const drop = column.drop ?? (lasting.has(id) ? undefined : 1_000 - at)
    return { id, title: columnTitle(column), width, numeric, drop }
  })
