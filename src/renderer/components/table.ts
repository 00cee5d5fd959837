import type { Tone } from './tone.ts'

export interface TableColumn {
  id: string
  title: string
  width?: string
  numeric?: boolean
}

export interface TableRow {
  /** `namespace/name`, or `name`. */
  id: string
  cells: { text: string; tone?: Tone }[]
  /** Is being deleted. */
  leaving: boolean
}
