import type { Values } from './history.ts'

/** A line of a chart. */
export interface Line {
  label: string
  values: Values
  /** `data-2` for a second one. */
  colour: 'data' | 'data-2'
}
/** A constant that is drawn in: what is asked for, or the limit. */
export interface Mark {
  label: string
  value: number
  kind: 'request' | 'limit'
}

/** What is drawn, besides its times. */
interface Content {
  lines: readonly Line[]
  marks: readonly Mark[]
}

/** A mark this many times above what is used would flatten the line: it is told beside the chart. */
const highest = 6

/** The marks for which there is room. */
export function shownMarks({ lines, marks }: Content): Mark[] {
  const most = Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const requests = marks.filter(({ kind }) => kind === 'request').map(({ value }) => value)
  const reach = Math.max(most, ...requests)
  return marks.filter(({ kind, value }) => kind === 'request' || value <= reach * highest || most === 0)
}

/** The end of the axis: a little above the highest value that is drawn. */
export function axisEnd(drawing: Content): number {
  const all = [
    ...drawing.lines.flatMap(({ values }) => values.map((value) => value ?? 0)),
    ...shownMarks(drawing).map(({ value }) => value),
  ]
  const most = Math.max(0, ...all)
  return most > 0 ? most * 1.12 : 1
}
