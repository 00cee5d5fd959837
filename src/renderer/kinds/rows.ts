import type { Stored } from '#shared/kube/object.ts'
import type { TableCell, TableColumn, TableRow } from '../components/table.ts'
import { age } from './cells.ts'
import type { Column, KindDescriptor } from './descriptor.ts'

const name: Column<Stored> = {
  id: 'name',
  title: 'Name',
  value: ({ metadata }) => metadata.name,
  width: 'minmax(230px,2fr)',
}
const namespace: Column<Stored> = {
  id: 'namespace',
  title: 'Namespace',
  value: ({ metadata }) => metadata.namespace ?? '',
  width: '130px',
}
const ageColumn: Column<Stored> = {
  id: 'age',
  title: 'Age',
  // The later it was created, the younger it is: an order that time does not change.
  value: ({ metadata }) => -Date.parse(metadata.creationTimestamp ?? ''),
  text: ({ metadata }, now) => age(metadata.creationTimestamp, now),
  width: '72px',
  numeric: true,
}

export const columnsOf = ({ resource, columns }: KindDescriptor): Column<Stored>[] => [
  name,
  ...(resource.namespaced ? [namespace] : []),
  ...columns,
  ageColumn,
]

export const idOf = ({ metadata }: Stored): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name

export interface RowQuery {
  columns: readonly Column<Stored>[]
  /** None = all. */
  namespaces: readonly string[]
  filter: string
  sort: Sort
}
export interface Sort {
  column: string
  descending: boolean
}

/**
 * The rows to show: filtered, and sorted by the column's value with the name to settle ties. Depends on the objects and
 * the query alone: time changes the text of ages, and neither rows nor their order.
 */
export function rowsOf(objects: readonly Stored[], query: RowQuery): { rows: TableRow[]; hidden: number } {
  const { columns, namespaces, sort } = query
  const needle = query.filter.trim().toLowerCase()
  const wanted = new Set(namespaces)
  const shown = objects.filter((object) => {
    if (wanted.size > 0 && object.metadata.namespace !== undefined && !wanted.has(object.metadata.namespace))
      return false
    return needle === '' || matches(object, needle, columns)
  })
  const column = columns.find(({ id }) => id === sort.column) ?? name
  const keyed = shown.map((object) => ({ object, id: idOf(object), value: column.value(object) }))
  const sign = sort.descending ? -1 : 1
  keyed.sort((a, b) => sign * compare(a.value, b.value) || compare(a.id, b.id))
  return { rows: keyed.map(({ object }) => rowOf(object, columns)), hidden: objects.length - shown.length }
}

export const headings = (columns: readonly Column<Stored>[]): TableColumn[] =>
  columns.map(({ id, title, width, numeric }) => ({ id, title, width, numeric }))

/** Makes its cells at the first access: only rows in sight are accessed. */
function rowOf(object: Stored, columns: readonly Column<Stored>[]): TableRow {
  let cells: TableRow['cells'] | undefined
  return {
    id: idOf(object),
    leaving: object.metadata.deletionTimestamp !== undefined,
    get cells() {
      return (cells ??= columns.map((column) => cellOf(object, column)))
    },
  }
}

function cellOf(object: Stored, column: Column<Stored>): TableCell {
  const { text } = column
  return {
    text: text ? (now) => text(object, now) : String(column.value(object)),
    tone: column.tone?.(object),
  }
}

/** By any cell that is text, or by `key=value` of a label. */
function matches(object: Stored, needle: string, columns: readonly Column<Stored>[]): boolean {
  if (needle.includes('=')) {
    const [key = '', value = ''] = needle.split('=')
    return Object.entries(object.metadata.labels ?? {}).some(
      ([k, v]) => k.toLowerCase() === key && v.toLowerCase().startsWith(value),
    )
  }
  return columns.some(({ value, text }) => {
    const found = value(object)
    return (typeof found === 'string' || !text) && String(found).toLowerCase().includes(needle)
  })
}

/** Shared, because `localeCompare` with options creates a collator for each call. */
const collator = new Intl.Collator(undefined, { numeric: true })
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string' || typeof b === 'string') return a === b ? 0 : collator.compare(String(a), String(b))
  // Times that are missing come last.
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a - b
}
