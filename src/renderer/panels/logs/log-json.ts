import type { LogLine } from './log-buffer.ts'

/** One line of JSON, taken apart. */
export interface JsonLine {
  message: string
  /** All else, as text, without what has a column of its own anyway: time and level. */
  fields: ReadonlyMap<string, string>
}

const messages = ['msg', 'message', 'log', 'event', '@message']
const timesAndLevels = new Set([
  'time',
  'ts',
  'timestamp',
  '@timestamp',
  't',
  'level',
  'lvl',
  'severity',
  'levelname',
  'loglevel',
])

/** @returns undefined for a line that is no JSON object */
export function jsonLine(text: string): JsonLine | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const found = new Map(Object.entries(value))
  const key = messages.find((each) => typeof found.get(each) === 'string')
  const fields = new Map<string, string>()
  for (const [name, each] of found)
    if (name !== key && !timesAndLevels.has(name.toLowerCase())) fields.set(name, textOf(each))
  return { message: key === undefined ? '' : textOf(found.get(key)), fields }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Lines of a source that are looked at. */
const sample = 40
/** Columns besides time, level, origin and message. */
const mostColumns = 6

/**
 * The fields that deserve a column, the most frequent first, from the newest lines of the sources that write JSON.
 * @returns undefined where no source does
 */
export function jsonColumns(lines: readonly LogLine[]): readonly string[] | undefined {
  const bySource = new Map<number, { seen: number; json: JsonLine[] }>()
  for (let at = lines.length - 1; at >= Math.max(0, lines.length - 2_000); at--) {
    const line = lines[at]
    if (!line || line.note) continue
    const source = bySource.get(line.source) ?? { seen: 0, json: [] }
    bySource.set(line.source, source)
    if (source.seen >= sample) continue
    source.seen++
    const json = jsonLine(line.text)
    if (json) source.json.push(json)
  }
  const writers = [...bySource.values()].filter(({ seen, json }) => json.length > 0 && json.length >= seen * 0.6)
  if (writers.length === 0) return undefined
  const counts = new Map<string, number>()
  for (const { json } of writers)
    for (const { fields } of json) for (const name of fields.keys()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, mostColumns)
    .map(([name]) => name)
}
