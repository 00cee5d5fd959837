import { withoutEscapes, type StyledSpan } from './ansi.ts'
import { levelOf, type LogLevel } from './log-level.ts'

/** One line of a combined log. */
export interface LogLine {
  /** Counts up over the whole session. */
  number: number
  source: number
  /** When the container wrote it, as the server says. */
  time: string
  text: string
  level: LogLevel
  /** Colours that the text asks for. */
  spans?: readonly StyledSpan[]
  /** Not of the log: a run that begins or ends. */
  note?: true
}

export interface LogLimits {
  /** Lines that are kept. */
  lines: number
  /** Characters that are kept. */
  characters?: number
}

/** Where a stream goes on that was read before: the time of the last line, and how many lines were written then. */
export interface LogPosition {
  time: string
  lines: number
}

/**
 * The last lines of all sources; lines that are dropped are counted. Plain data outside of Vue's reactivity, because
 * ten thousand lines may come in a second.
 */
export class LogBuffer {
  readonly #limits: Required<LogLimits>
  #lines: LogLine[] = []
  /** Lines that wait to be sorted by time; unset when lines are shown as they come. */
  #held: LogLine[] | undefined
  #rest = new Map<number, string>()
  #last = new Map<number, LogPosition>()
  /** Of a resumed source: lines of its last second that it has told already. */
  #skip = new Map<number, LogPosition>()
  #next = 0
  #characters = 0
  #levels = new Map<LogLevel, number>()
  /** Log lines that have ever been added. */
  total = 0
  /** Log lines that are no longer here. */
  dropped = 0

  constructor(limits: LogLimits = { lines: 50_000 }) {
    this.#limits = { characters: 64 * 2 ** 20, ...limits }
  }

  get lines(): readonly LogLine[] {
    return this.#lines
  }

  /** How many of the lines have each level. */
  get levels(): ReadonlyMap<LogLevel, number> {
    return this.#levels
  }

  /** A source's last line, from which a broken stream resumes. */
  position(source: number): LogPosition | undefined {
    return this.#last.get(source)
  }

  /** Collects lines until `release`, which adds them in the order of their times: what several logs hold already. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held
    this.#held = undefined
    if (!held) return
    const keys = held.map(({ time }) => comparable(time))
    const order = held.map((_line, at) => at).sort((a, b) => compare(keys[a] ?? '', keys[b] ?? '') || a - b)
    for (const at of order) {
      const line = held[at]
      if (line) this.#append(line)
    }
    this.#drop()
  }

  /** Lines up to this position are dropped from what the source tells next: a resumed log begins at a whole second. */
  resume(source: number, after: LogPosition | undefined): void {
    this.#rest.delete(source)
    if (after) this.#skip.set(source, { ...after })
    else this.#skip.delete(source)
  }

  /** Adds text of a source, whose lines begin with their time. A line without its end waits for the rest. */
  push(source: number, text: string): void {
    const parts = ((this.#rest.get(source) ?? '') + text).split('\n')
    this.#rest.set(source, parts.pop() ?? '')
    for (const part of parts) this.#add(source, part)
    this.#drop()
  }

  /** Adds a line that is not of the log. @param time when it happened, to sort it by */
  say(source: number, text: string, time = ''): void {
    this.#put({ number: 0, source, time, text, level: '', note: true })
    this.#drop()
  }

  /** Adds a source's last line, which may lack its line end. */
  finish(source: number): void {
    const rest = this.#rest.get(source)
    this.#rest.delete(source)
    if (rest) this.#add(source, rest)
    this.#drop()
  }

  clear(): void {
    this.#lines = []
    this.#held = undefined
    for (const map of [this.#rest, this.#last, this.#skip, this.#levels]) map.clear()
    this.#next = this.total = this.dropped = this.#characters = 0
  }

  #add(source: number, line: string): void {
    const { time, text } = timed(line)
    if (time !== '') {
      if (this.#isKnown(source, time)) return
      const last = this.#last.get(source)
      this.#last.set(source, last?.time === time ? { time, lines: last.lines + 1 } : { time, lines: 1 })
    }
    const plain = withoutEscapes(text)
    this.#put({ number: 0, source, time, level: levelOf(plain.text), ...plain })
  }

  #isKnown(source: number, time: string): boolean {
    const skip = this.#skip.get(source)
    if (!skip) return false
    const order = compare(comparable(time), comparable(skip.time))
    if (order < 0) return true
    if (order > 0 || skip.lines === 0) {
      this.#skip.delete(source)
      return false
    }
    skip.lines--
    return true
  }

  #put(line: LogLine): void {
    if (this.#held) this.#held.push(line)
    else this.#append(line)
  }

  #append(line: LogLine): void {
    line.number = this.#next++
    this.#lines.push(line)
    this.#characters += line.text.length
    if (line.note) return
    this.total++
    this.#levels.set(line.level, (this.#levels.get(line.level) ?? 0) + 1)
  }

  /** Drops in blocks, so that a full buffer does not copy all lines for each new one. */
  #drop(): void {
    const { lines, characters } = this.#limits
    if (this.#lines.length < lines * 1.1 && this.#characters < characters * 1.1) return
    let at = 0
    while (this.#lines.length - at > lines || (this.#characters > characters && at < this.#lines.length - 1)) {
      const line = this.#lines[at++]
      if (!line) break
      this.#characters -= line.text.length
      if (line.note) continue
      this.dropped++
      this.#levels.set(line.level, (this.#levels.get(line.level) ?? 1) - 1)
    }
    this.#lines = this.#lines.slice(at)
  }
}

/** A line of a log that was asked for with timestamps. */
function timed(line: string): { time: string; text: string } {
  const space = line.indexOf(' ')
  const time = space < 0 ? line : line.slice(0, space)
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time)) return { time: '', text: line }
  return { time, text: space < 0 ? '' : line.slice(space + 1) }
}

/** Servers leave out zeros at the end of a second's fraction, which would put `.5Z` after `.51Z`. */
const comparable = (time: string): string => {
  const [whole = '', fraction = ''] = time.slice(0, -1).split('.')
  return `${whole}.${fraction.padEnd(9, '0')}`
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
