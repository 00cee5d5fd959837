import { diskText, memoryText, numberText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import type { Line, Mark, Rounding } from './marks.ts'
import { nowOf, type History, type Measure } from './history.ts'
import type { Bounds } from './subject.ts'

/** One chart: what it shows, and how its values are written. */
export interface ChartDeclaration {
  id: 'cpu' | 'memory' | 'network' | 'disk'
  measures: readonly Measure[]
  rounding: Rounding
  text(value: number): string
}

const cores = (value: number): string =>
  value < 1
    ? t('charts.millicores', { amount: numberText(value * 1_000, value < 0.1 ? 1 : 0) })
    : t('charts.cores', { amount: numberText(value, 2), n: value === 1 ? 1 : 2 })

/** The charts of a page, in their order. */
export const charts: readonly ChartDeclaration[] = [
  { id: 'cpu', measures: ['cpu'], rounding: 'decimal', text: cores },
  { id: 'memory', measures: ['memory'], rounding: 'binary', text: memoryText },
  {
    id: 'network',
    measures: ['received', 'sent'],
    rounding: 'decimal',
    text: (value) => t('charts.perSecond', { amount: diskText(value) }),
  },
  { id: 'disk', measures: ['filesystem'], rounding: 'decimal', text: diskText },
]

export const linesOf = ({ measures }: ChartDeclaration, { values }: History): Line[] =>
  measures.flatMap((measure, at): Line[] => {
    const found = values[measure]
    return found ? [{ label: t(`charts.lines.${measure}`), values: found, colour: at === 0 ? 'data' : 'data-2' }] : []
  })

/** @param limit the name of the end: a limit, or what a node offers */
export function marksOf({ id }: ChartDeclaration, bounds: Bounds, limit: string): Mark[] {
  if (id !== 'cpu' && id !== 'memory') return []
  const bound = bounds[id] ?? {}
  return [
    ...(bound.request === undefined
      ? []
      : [{ kind: 'request' as const, label: t('charts.lines.requested'), value: bound.request }]),
    ...(bound.limit === undefined ? [] : [{ kind: 'limit' as const, label: limit, value: bound.limit }]),
  ]
}

/** The newest values in words. */
export const nowText = ({ measures, text }: ChartDeclaration, { values }: History): string =>
  measures
    .flatMap((measure) => {
      const value = nowOf(values[measure])
      if (value === undefined) return []
      const sign = measure === 'received' ? '↓ ' : measure === 'sent' ? '↑ ' : ''
      return [`${sign}${text(value)}`]
    })
    .join(' ')
