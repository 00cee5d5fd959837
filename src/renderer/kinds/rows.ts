import type { KubeObject } from '#shared/kube/object.ts'
import type { TableColumn, TableRow } from '../components/table.ts'
import { ageColumn, type Column, type KindDescriptor } from './descriptor.ts'

const name: Column<KubeObject> = {
  id: 'name',
  title: 'Name',
  value: ({ metadata }) => metadata.name ?? '',
  width: 'minmax(230px,2fr)',
}
const namespace: Column<KubeObject> = {
  id: 'namespace',
  title: 'Namespace',
  value: ({ metadata }) => metadata.namespace ?? '',
  width: '130px',
}

export const columnsOf = ({ resource, columns }: KindDescriptor): Column<KubeObject>[] => [
  name,
  ...(resource.namespaced ? [namespace] : []),
  ...columns,
  ageColumn,
]

export const idOf = ({ metadata }: KubeObject): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '')

export interface RowQuery {
  columns: readonly Column<KubeObject>[]
  /** None = all. */
  namespaces: readonly string[]
  filter: string
  sort: { column: string; descending: boolean }
  now: number
}

/** The rows to show: filtered, sorted by the column's value with the name to settle ties, and rendered as text. */
export function rowsOf(objects: readonly KubeObject[], query: RowQuery): { rows: TableRow[]; hidden: number } {
  const { columns, namespaces, sort, now } = query
  const needle = query.filter.trim().toLowerCase()
  const wanted = new Set(namespaces)
  const shown = objects.filter((object) => {
    if (wanted.size > 0 && object.metadata.namespace !== undefined && !wanted.has(object.metadata.namespace))
      return false
    return needle === '' || matches(object, needle, columns, now)
  })
  const column = columns.find(({ id }) => id === sort.column) ?? name
  const keyed = shown.map((object) => ({ object, id: idOf(object), value: column.value(object, now) }))
  const sign = sort.descending ? -1 : 1
  keyed.sort((a, b) => sign * compare(a.value, b.value) || compare(a.id, b.id))
  return { rows: keyed.map(({ object }) => rowOf(object, columns, now)), hidden: objects.length - shown.length }
}

export const headings = (columns: readonly Column<KubeObject>[]): TableColumn[] =>
  columns.map(({ id, title, width, numeric }) => ({
    id,
    title,
    ...(width ? { width } : {}),
    ...(numeric ? { numeric } : {}),
  }))

/** Its cells are made when they come into sight: of ten thousand rows, thirty are. */
function rowOf(object: KubeObject, columns: readonly Column<KubeObject>[], now: number): TableRow {
  let cells: TableRow['cells'] | undefined
  return {
    id: idOf(object),
    leaving: object.metadata.deletionTimestamp !== undefined,
    get cells() {
      return (cells ??= columns.map((column) => cellOf(object, column, now)))
    },
  }
}

function cellOf(object: KubeObject, column: Column<KubeObject>, now: number): TableRow['cells'][number] {
  const tone = column.tone?.(object)
  return { text: column.text?.(object, now) ?? String(column.value(object, now)), ...(tone ? { tone } : {}) }
}

/** By any cell, or by `key=value` of a label. */
function matches(object: KubeObject, needle: string, columns: readonly Column<KubeObject>[], now: number): boolean {
  if (needle.includes('=')) {
    const [key = '', value = ''] = needle.split('=')
    return Object.entries(object.metadata.labels ?? {}).some(
      ([k, v]) => k.toLowerCase() === key && v.toLowerCase().startsWith(value),
    )
  }
  return columns.some((column) => String(column.value(object, now)).toLowerCase().includes(needle))
}

/** One for all comparisons: `localeCompare` with options makes a new one each time, which ten thousand rows feel. */
const collator = new Intl.Collator(undefined, { numeric: true })
const compare = (a: string | number, b: string | number): number => {
  if (a === b) return 0
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))
}
