import type { Stored } from '#shared/kube/object.ts'
import { printedOf, type ColumnDefinition } from '../api/table-transport.ts'
import { age } from './cells.ts'
import type { Column } from './descriptor.ts'

/** The columns that the server prints of these objects, without those that every list has. */
export function printedColumns(objects: readonly Stored[]): Column<Stored>[] {
  const definitions = objects.map(printedOf).find((printed) => printed && printed.columns.length > 0)?.columns ?? []
  const taken = new Set(['name', 'namespace', 'age', ''])
  return definitions.flatMap((definition, at) => {
    if (isCommon(definition)) return []
    // An author may give two columns one name, or a name of those that every list has.
    const named = idOf(definition)
    const id = taken.has(named) ? `${named}-${at}` : named
    taken.add(id)
    return [columnOf(definition, at, id)]
  })
}

const isCommon = ({ name, format, type }: ColumnDefinition): boolean =>
  format === 'name' || name === 'Name' || (name === 'Age' && type !== 'integer')

const idOf = ({ name }: ColumnDefinition): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

function columnOf({ name, type, priority = 0 }: ColumnDefinition, at: number, id: string): Column<Stored> {
  const cell = (object: Stored): unknown => printedOf(object)?.cells[at]
  const isNumber = type === 'integer' || type === 'number'
  return {
    id,
    title: name,
    value: (object) => shown(cell(object)),
    ...(type === 'date' ? { text: (object: Stored, now: number) => sinceOf(shown(cell(object)), now) } : {}),
    numeric: isNumber,
    wide: priority > 0,
    width: isNumber ? '104px' : 'minmax(104px,1fr)',
  }
}

const shown = (cell: unknown): string | number =>
  typeof cell === 'number' || typeof cell === 'string' ? cell : cell == null ? '' : JSON.stringify(cell)

/** Servers print times as ages already, or as they are. */
const sinceOf = (cell: string | number, now: number): string =>
  typeof cell === 'string' && Number.isFinite(Date.parse(cell)) && /^\d{4}-/.test(cell) ? age(cell, now) : String(cell)
