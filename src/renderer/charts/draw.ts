import type uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { axisOf, shownMarks, type Line, type Mark, type Rounding } from './marks.ts'

export interface Drawing {
  /** s since the epoch */
  times: readonly number[]
  lines: readonly Line[]
  marks: readonly Mark[]
  rounding: Rounding
  /** A value with its unit. */
  text(value: number): string
  clock(seconds: number): string
}

export const dataOf = ({ times, lines, marks }: Drawing): uPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => values),
  ...shownMarks({ lines, marks }).map(({ value }) => times.map(() => value)),
]

/** A token of the theme, as it is now: the canvas knows no variables. */
const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

const endOf = (drawing: Drawing): number => axisOf(drawing).at(-1) ?? 1

/** px of half a time of day. */
const halfLabel = 16

/** How uPlot draws it. @param drawing asked again at each drawing @param onMove the place of the cross-hair, or none */
export function optionsOf(
  drawing: () => Drawing,
  { width, height }: { width: number; height: number },
  onMove: (at: number | undefined) => void,
): uPlot.Options {
  const { lines, marks } = drawing()
  return {
    width,
    height,
    padding: [14, 0, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false, setScale: false }, y: false, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: () => [0, endOf(drawing())] } },
    axes: [
      {
        stroke: () => token('quiet'),
        font: '11px sans-serif',
        size: 22,
        space: 70,
        gap: 4,
        grid: { show: false },
        ticks: { show: false },
        values: ({ scales, width: all }, seconds) => {
          const { min = 0, max = 0 } = scales['x'] ?? {}
          // Half of a label at an edge would be cut off.
          const fits = (each: number): boolean => {
            const left = ((each - min) / Math.max(1, max - min)) * all
            return left >= halfLabel && left <= all - halfLabel
          }
          return seconds.map((each) => (fits(each) ? drawing().clock(each) : ''))
        },
      },
      {
        show: true,
        size: 0,
        splits: () => axisOf(drawing()),
        grid: { stroke: () => token('line'), width: 1 },
        ticks: { show: false },
        values: () => [],
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour }, at) => ({
        label,
        stroke: () => token(colour),
        ...(at === 0 ? { fill: () => `${token('data-soft')}b0` } : {}),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
      ...shownMarks({ lines, marks }).map(({ label, kind }) => ({
        label,
        stroke: () => token(kind === 'limit' ? 'bad' : 'muted'),
        width: 1,
        ...(kind === 'request' ? { dash: [4, 3] } : {}),
        points: { show: false },
      })),
    ],
    hooks: {
      draw: [(plot) => drawTexts(plot, drawing())],
      setCursor: [(plot) => onMove(plot.cursor.idx ?? undefined)],
    },
  }
}

/** The end of the axis at the left, the amounts of the marks at the right. */
function drawTexts(plot: uPlot, drawing: Drawing): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  ctx.save()
  ctx.font = `${11 * ratio}px sans-serif`
  ctx.fillStyle = token('quiet')
  ctx.textBaseline = 'bottom'
  ctx.textAlign = 'left'
  ctx.fillText(drawing.text(endOf(drawing)), bbox.left, bbox.top - ratio)
  ctx.textAlign = 'right'
  for (const { value } of shownMarks(drawing))
    ctx.fillText(drawing.text(value), bbox.left + bbox.width, plot.valToPos(value, 'y', true) - ratio)
  ctx.restore()
}
