import type { Stored } from '#shared/kube/object.ts'
import type { Tone } from '../../components/tone.ts'
import type { Column } from '../descriptor.ts'
import { amountOf, isComparison, type Filter, type FilterWord } from './parse.ts'

/** What the words of a filter can ask about the objects of a kind. */
export interface FilterFields {
  columns: readonly Column<Stored>[]
}

export type Match = (object: Stored, now: number) => boolean

/** Other names of columns, as people type them. */
const aliases: Record<string, string> = { ns: 'namespace', worker: 'node', labels: 'label' }

/** States that people ask for in one word, whatever Kubernetes calls their reasons. */
export const stateWords: Record<string, (status: string, tone: Tone | undefined) => boolean> = {
  crash: (status) => /crash|^error$|:error$|starterror|cannotrun|runcontainererror|deadlineexceeded/i.test(status),
  image: (status) => /image/i.test(status),
  oom: (status) => /oom/i.test(status),
  healthy: (_status, tone) => tone === 'good' || tone === 'done',
  unhealthy: (_status, tone) => tone === 'bad' || tone === 'warn',
}

export const columnOf = (key: string, { columns }: FilterFields): Column<Stored> | undefined => {
  const id = aliases[key] ?? key
  return columns.find((column) => column.id === id) ?? (id === 'status' ? stateColumn(columns) : undefined)
}

/** The column that tells whether an object is well: not every kind calls it Status. */
const stateColumn = (columns: readonly Column<Stored>[]): Column<Stored> | undefined => columns.find(({ tone }) => tone)

export const isKeyOf =
  (fields: FilterFields) =>
  (key: string): boolean =>
    columnOf(key, fields) !== undefined

/** Whether an object has all that the filter asks for; every object where it asks for nothing. */
export function matchOf(filter: Filter, fields: FilterFields): Match {
  const tests = filter.words.map((word) => {
    const test = testOf(word, fields)
    return word.negated ? (object: Stored, now: number) => !test(object, now) : test
  })
  return (object, now) => tests.every((test) => test(object, now))
}

/** Whether the time decides about matches. */
export const dependsOnTime = ({ words }: Filter, fields: FilterFields): boolean =>
  words.some(({ key = '', sign }) => isComparison(sign) && columnOf(key, fields)?.isTime === true)

function testOf({ key, sign, values }: FilterWord, fields: FilterFields): Match {
  const wanted = values.map((value) => value.toLowerCase())
  if (key === undefined || sign === undefined) return anywhere(wanted, fields)
  if (sign === '=') return hasLabel(key, values)
  const column = columnOf(key, fields)
  if (!column) return () => false
  if (isComparison(sign)) return compares(column, sign, values[0] ?? '')
  if (column.id === 'name') return ({ metadata }) => includesAny(metadata.name.toLowerCase(), wanted)
  // Namespaces and nodes are names: `ns:shop` is not `shop-jobs`.
  if (column.isName) return (object) => wanted.includes(String(column.value(object)).toLowerCase())
  return (object) => {
    const text = String(column.value(object))
    const tone = column.tone?.(object)
    return wanted.some((value) => stateWords[value]?.(text, tone) === true || text.toLowerCase().includes(value))
  }
}

/** In any cell that is text, or in a label's value. */
const anywhere =
  (wanted: readonly string[], { columns }: FilterFields): Match =>
  (object) =>
    columns.some(({ value, isTime }) => !isTime && includesAny(String(value(object)).toLowerCase(), wanted))

const includesAny = (text: string, wanted: readonly string[]): boolean => wanted.some((value) => text.includes(value))

/** An empty value asks whether there is the label. */
const hasLabel =
  (key: string, values: readonly string[]): Match =>
  ({ metadata: { labels = {} } }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    return value !== undefined && (values.includes(value) || (values.length === 1 && values[0] === ''))
  }

function compares(column: Column<Stored>, sign: string, value: string): Match {
  const { ms, number } = amountOf(value) ?? {}
  const wanted = column.isTime ? (ms ?? (number === undefined ? undefined : number * 1_000)) : (number ?? ms)
  if (wanted === undefined) return () => false
  return (object, now) => {
    const found = column.value(object)
    // The value of a time is its negative: the younger, the smaller.
    const has = column.isTime ? now + Number(found) : typeof found === 'number' ? found : Number.parseFloat(found)
    if (Number.isNaN(has)) return false
    if (sign === '<') return has < wanted
    if (sign === '<=') return has <= wanted
    return sign === '>' ? has > wanted : has >= wanted
  }
}
