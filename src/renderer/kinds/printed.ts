import type { Stored } from '#shared/kube/object.ts'
import { printedOf, type ColumnDefinition } from '../api/table-transport.ts'
import { age } from './cells.ts'
import type { Column } from './descriptor.ts'

/** The columns that the server prints of these objects, without those that every list has. */
export function printedColumns(objects: readonly Stored[]): Column<Stored>[] {
  const definitions = objects.map(printedOf).find((printed) => printed && printed.columns.length > 0)?.columns ?? []
  return definitions.flatMap((definition, at) => (isCommon(definition) ? [] : [columnOf(definition, at)]))
}

const isCommon = ({ name, format, type }: ColumnDefinition): boolean =>
  format === 'name' || name === 'Name' || (name === 'Age' && type !== 'integer')

function columnOf({ name, type, priority = 0 }: ColumnDefinition, at: number): Column<Stored> {
  const cell = (object: Stored): unknown => printedOf(object)?.cells[at]
  const isNumber = type === 'integer' || type === 'number'
  return {
    id: name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, ''),
    title: name,
    value: (object) => shown(cell(object)),
    ...(type === 'date' ? { text: (object: Stored, now: number) => sinceOf(shown(cell(object)), now) } : {}),
    numeric: isNumber,
    wide: priority > 0,
    width: isNumber ? '104px' : 'minmax(104px,1fr)',
    drop: at,
  }
}

const shown = (cell: unknown): string | number =>
  typeof cell === 'number' || typeof cell === 'string' ? cell : cell == null ? '' : JSON.stringify(cell)

/** Servers print times as ages already, or as they are. */
const sinceOf = (cell: string | number, now: number): string =>
  typeof cell === 'string' && Number.isFinite(Date.parse(cell)) && /^\d{4}-/.test(cell) ? age(cell, now) : String(cell)
