import type { Stored } from '#shared/kube/object.ts'
import type { Tone } from '../../components/tone.ts'
import { columnOf, isKeyOf, matchOf, stateWords, type FilterFields } from './match.ts'
import { isComparison, parseFilter, piecesOf, quotedValue, withoutWord } from './parse.ts'

/** What may stand where the caret is. */
export interface Completion {
  /** The part of the filter that a choice replaces. */
  start: number
  end: number
  choices: Choice[]
}

export interface Choice {
  /** What is put in place. */
  text: string
  /** What is shown. */
  label: string
  /** How many objects it leaves, of those that the other words leave. */
  count?: number
  tone?: Tone | undefined
  /** A key waits for its value. */
  isKey: boolean
}

const most = 50

/** @param caret where the user types @param objects those that the list may show */
export function completeFilter(
  text: string,
  caret: number,
  fields: FilterFields,
  objects: readonly Stored[],
  now: number,
): Completion {
  const piece = piecesOf(text).find(({ start, end }) => start <= caret && caret <= end) ?? {
    text: '',
    start: caret,
    end: caret,
  }
  const typed = piece.text.slice(0, caret - piece.start)
  const others = matchOf(parseFilter(withoutWord(text, piece), isKeyOf(fields)), fields)
  const left = objects.filter((object) => others(object, now))
  const [, minus = '', key = '', sign = '', values = ''] = /^([-−]?)([^:=<>"]*)(:|!?=|[<>]=?)?(.*)$/.exec(typed) ?? []
  const before = piece.start + minus.length
  if (sign === '') return { start: before, end: piece.end, choices: keysOf(fields, left, key.toLowerCase()) }
  const comma = values.lastIndexOf(',')
  const start = caret - values.length + comma + 1
  const typedValue = values
    .slice(comma + 1)
    .replace(/^"/, '')
    .toLowerCase()
  return { start, end: piece.end, choices: valuesOf({ key, sign, typedValue }, fields, left) }
}

/** The columns that can be asked about, then the labels that objects have. */
function keysOf(fields: FilterFields, objects: readonly Stored[], typed: string): Choice[] {
  const columns = fields.columns.flatMap(({ id, title, isTime, numeric, isName }): Choice[] => {
    const key = id === 'namespace' ? 'ns' : id
    if (!key.startsWith(typed) && !(title ?? id).toLowerCase().startsWith(typed)) return []
    const text = `${key}${isTime ? '<' : numeric && !isName ? '>' : ':'}`
    return [{ text, label: text, isKey: true }]
  })
  const counts = new Map<string, number>()
  for (const { metadata } of objects)
    for (const key of Object.keys(metadata.labels ?? {}))
      if (key.toLowerCase().includes(typed)) counts.set(key, (counts.get(key) ?? 0) + 1)
  const labels = byCount(counts).map(([key, count]) => ({ text: `${key}=`, label: `${key}=`, count, isKey: true }))
  return [...columns, ...labels].slice(0, most)
}

function valuesOf(
  { key, sign, typedValue }: { key: string; sign: string; typedValue: string },
  fields: FilterFields,
  objects: readonly Stored[],
): Choice[] {
  if (sign.endsWith('=') && !isComparison(sign === '<=' ? '<=' : sign === '>=' ? '>=' : '='))
    return choicesOf(
      countsOf(objects, ({ metadata }) => metadata.labels?.[key.replace(/!$/, '')]),
      typedValue,
    )
  const column = columnOf(key.toLowerCase(), fields)
  if (!column) return []
  if (sign !== ':') {
    const amounts = column.isTime ? ['5m', '1h', '1d', '7d'] : ['0', '1', '10']
    return amounts.filter((text) => text.startsWith(typedValue)).map((text) => ({ text, label: text, isKey: false }))
  }
  const tones = new Map<string, Tone | undefined>()
  const counts = countsOf(objects, (object) => {
    const value = String(column.value(object))
    if (column.tone && !tones.has(value)) tones.set(value, column.tone(object))
    return value
  })
  const states = column.tone
    ? Object.entries(stateWords).flatMap(([word, test]): Choice[] => {
        const count = objects.filter((object) => test(String(column.value(object)), column.tone?.(object))).length
        return count > 0 && word.startsWith(typedValue)
          ? [{ text: word, label: word, count, isKey: false, tone: word === 'healthy' ? 'good' : 'bad' }]
          : []
      })
    : []
  return [...states, ...choicesOf(counts, typedValue).map((each) => ({ ...each, tone: tones.get(each.label) }))].slice(
    0,
    most,
  )
}

function countsOf(objects: readonly Stored[], value: (object: Stored) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (const object of objects) {
    const found = value(object)
    if (found) counts.set(found, (counts.get(found) ?? 0) + 1)
  }
  return counts
}

const choicesOf = (counts: Map<string, number>, typed: string): Choice[] =>
  byCount(counts)
    .filter(([value]) => value.toLowerCase().includes(typed))
    .slice(0, most)
    .map(([value, count]) => ({ text: quotedValue(value), label: value, count, isKey: false }))

const byCount = (counts: Map<string, number>): [string, number][] =>
  [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
