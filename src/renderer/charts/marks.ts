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

/** What numbers of a unit are round: those of memory are powers of two, all others 1, 2 and 5 of a power of ten. */
export type Rounding = 'binary' | 'decimal'

/** The least round number that is not below `value`. */
function roundedUp(value: number, rounding: Rounding): number {
  if (rounding === 'binary') return 2 ** Math.ceil(Math.log2(value))
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5].find((each) => each * power >= value) ?? 10) * power
}

/** Steps of an axis at most, and the room that is left above the highest value. */
const [mostSteps, headroom] = [4, 1.05]

/** The values at which an axis has lines: from 0 in round steps to a little above the highest value that is drawn. */
export function axisOf(drawing: Content & { rounding: Rounding }): number[] {
  const all = [
    ...drawing.lines.flatMap(({ values }) => values.map((value) => value ?? 0)),
    ...shownMarks(drawing).map(({ value }) => value),
  ]
  const most = Math.max(0, ...all) * headroom
  if (most === 0) return [0, 1]
  const step = roundedUp(most / mostSteps, drawing.rounding)
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step)
}
