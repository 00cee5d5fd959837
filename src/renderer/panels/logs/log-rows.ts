import type { LogLine } from './log-buffer.ts'
import type { LogLevel } from './log-level.ts'
import { holdsAll, holdsAny, type LogQuery } from './log-query.ts'

/** Which lines are shown. */
export interface LogFilter {
  query: LogQuery
  /** Hides lines that do not match, instead of marking those that do. */
  only: boolean
  /** Sources that are switched off. */
  hidden: ReadonlySet<number>
  /** Levels that are switched off. */
  levels: ReadonlySet<LogLevel>
}

/**
 * The lines that a filter lets through and those of them that match, updated as lines come and go: each line is looked
 * at once per filter.
 */
export class LogRows {
  #filter: LogFilter | undefined
  #rows: LogLine[] = []
  /** Numbers of matching lines, in order. */
  #matches: number[] = []
  /** Number of the next line to look at. */
  #next = 0

  /** @param filter another object when anything in it has changed */
  update(lines: readonly LogLine[], filter: LogFilter): { rows: readonly LogLine[]; matches: readonly number[] } {
    const first = lines[0]?.number ?? 0
    const end = (lines.at(-1)?.number ?? -1) + 1
    // A cleared buffer counts from the beginning again.
    if (filter !== this.#filter || end < this.#next) this.#begin(filter)
    if ((this.#rows[0]?.number ?? first) < first) this.#rows = this.#rows.slice(indexFrom(this.#rows, first))
    if ((this.#matches[0] ?? first) < first) this.#matches = this.#matches.filter((number) => number >= first)
    for (let at = Math.max(0, this.#next - first); at < lines.length; at++) {
      const line = lines[at]
      if (line) this.#look(line, filter)
    }
    this.#next = end
    return { rows: isOpen(filter) ? lines : this.#rows, matches: this.#matches }
  }

  #begin(filter: LogFilter): void {
    this.#filter = filter
    this.#rows = []
    this.#matches = []
    this.#next = 0
  }

  #look(line: LogLine, filter: LogFilter): void {
    const { include, exclude } = filter.query
    if (filter.hidden.has(line.source)) return
    if (line.note) {
      if (!isOpen(filter)) this.#rows.push(line)
      return
    }
    if (filter.levels.has(line.level) || holdsAny(line.text, exclude)) return
    const matches = include.length > 0 && holdsAll(line.text, include)
    if (matches) this.#matches.push(line.number)
    if (!isOpen(filter) && (matches || !filter.only || include.length === 0)) this.#rows.push(line)
  }
}

/** Whether it shows every line, so that no list of its own is needed. */
const isOpen = ({ query, only, hidden, levels }: LogFilter): boolean =>
  query.exclude.length === 0 && !(only && query.include.length > 0) && hidden.size === 0 && levels.size === 0

/** Index of the first line with this number or a later one. */
export function indexFrom(rows: readonly LogLine[], number: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle]?.number ?? 0) < number) low = middle + 1
    else high = middle
  }
  return low
}
