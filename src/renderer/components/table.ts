import type { Tone } from './tone.ts'

export interface TableColumn {
  id: string
  title: string
  width?: string | undefined
  numeric?: boolean | undefined
}

export interface TableRow {
  /** `namespace/name`, or `name`. */
  id: string
  cells: readonly TableCell[]
  /** Is being deleted. */
  leaving: boolean
}

export interface TableCell {
  /** Text that tells an age is made from the time, ms since the epoch, each time the cell is drawn. */
  text: string | ((now: number) => string)
  tone?: Tone | undefined
}

export const textAt = ({ text }: TableCell, now: number): string => (typeof text === 'string' ? text : text(now))
