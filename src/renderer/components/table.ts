import type { Component } from 'vue'
import type { Tone } from './tone.ts'

export interface TableColumn {
  id: string
  title: string
  /** CSS grid width; `minmax(90px,1fr)` when unset. */
  width?: string | undefined
  numeric?: boolean | undefined
  /** Where there is no room for all columns, those with the lowest number go first; those without one stay. */
  drop?: number | undefined
}

export interface TableRow {
  /** `namespace/name`, or `name`. */
  id: string
  cells: readonly TableCell[]
  /** Is being deleted. */
  leaving: boolean
}

/** What is said of a row after its name. */
export interface RowMark {
  text: string
  icon: Component
}

export interface TableCell {
  /** Text that tells an age is made from the time, ms since the epoch, each time the cell is drawn. */
  text: string | ((now: number) => string)
  tone?: Tone | undefined
  /** It shows what the row uses. */
  usage?: 'cpu' | 'memory' | undefined
  /** From here on the text says little: the part of a name that Kubernetes has made up. */
  faintFrom?: number | undefined
  /** From here on the text stays where there is no room for all of it. */
  keepFrom?: number | undefined
}

/** Where the end of a name begins, which is enough for `worker-1`; shorter names fit wherever a name does. */
export const endOfName = (name: string): number | undefined => (name.length > 12 ? name.length - 8 : undefined)

export const textAt = ({ text }: TableCell, now: number): string => (typeof text === 'string' ? text : text(now))

const usualWidth = 'minmax(90px,1fr)'

/** The least width of a column, px. */
export const leastWidth = ({ width = usualWidth }: TableColumn): number => Number(/\d+/.exec(width)?.[0] ?? 90)

/**
 * The places of the columns for which there is room. @param width px that they share
 */
export function fittingColumns(columns: readonly TableColumn[], width: number): number[] {
  const places = columns.map((_, place) => place)
  let needed = columns.reduce((sum, column) => sum + leastWidth(column), 0)
  const leaving = places
    .filter((place) => columns[place]?.drop !== undefined)
    .sort((a, b) => (columns[a]?.drop ?? 0) - (columns[b]?.drop ?? 0) || b - a)
  const gone = new Set<number>()
  for (const place of leaving) {
    if (needed <= width) break
    const column = columns[place]
    if (column) needed -= leastWidth(column)
    gone.add(place)
  }
  return places.filter((place) => !gone.has(place))
}

export const gridOf = (columns: readonly TableColumn[]): string =>
  columns.map(({ width }) => width ?? usualWidth).join(' ')
