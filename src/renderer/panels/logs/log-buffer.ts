/** One line of a combined log. */
export interface LogLine {
  /** Counts up over the whole session. */
  number: number
  source: number
  /** When the container wrote it, as the server says. */
  time: string
  text: string
}

/**
 * The last lines of all sources together, in a ring: what is pushed out is counted, never lost in silence. Plain data
 * outside of Vue: ten thousand lines a second are only drawn, not observed.
 */
export class LogBuffer {
  readonly #size: number
  #lines: LogLine[] = []
  #rest = new Map<number, string>()
  /** Time of the last line of each source. */
  #last = new Map<number, string>()
  #next = 0
  dropped = 0

  constructor(size = 50_000) {
    this.#size = size
  }

  get lines(): readonly LogLine[] {
    return this.#lines
  }

  /** Lines that have ever been added. */
  get total(): number {
    return this.#next
  }

  /** From where a source goes on when its stream broke off. */
  lastTime(source: number): string | undefined {
    return this.#last.get(source)
  }

  /**
   * Adds text of a source, whose lines begin with their time; what has no end of line yet waits for it.
   * @param after lines up to this time are known already: a stream that goes on begins at a whole second
   */
  push(source: number, text: string, after = ''): void {
    const parts = ((this.#rest.get(source) ?? '') + text).split('\n')
    this.#rest.set(source, parts.pop() ?? '')
    for (const part of parts) this.#add(source, part, after)
  }

  /** Adds a remark of our own. */
  say(source: number, text: string): void {
    this.#add(source, text, '')
  }

  /** A source has ended: its last words may lack an end of line. */
  finish(source: number): void {
    const rest = this.#rest.get(source)
    this.#rest.delete(source)
    if (rest) this.#add(source, rest, '')
  }

  clear(): void {
    this.#lines = []
    this.#rest.clear()
    this.#last.clear()
    this.#next = this.dropped = 0
  }

  #add(source: number, line: string, after: string): void {
    const { time, text } = timed(line)
    if (time !== '') {
      if (after !== '' && comparable(time) <= comparable(after)) return
      this.#last.set(source, time)
    }
    this.#lines.push({ number: this.#next++, source, time, text: plain(text) })
    // Cut in slabs, so that a full ring costs no more than one that fills up.
    if (this.#lines.length < this.#size * 1.1) return
    const surplus = this.#lines.length - this.#size
    this.#lines = this.#lines.slice(surplus)
    this.dropped += surplus
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

/** Without carriage returns and terminal escapes: colours of programs mean nothing here, and links could deceive. */
export const plain = (text: string): string =>
  text.replace(/\r$/, '').replace(/\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])/g, '')

/** The expression that a search box holds. @returns undefined when it is empty, or not an expression (yet) */
export function searchPattern(text: string): RegExp | undefined {
  if (text === '') return undefined
  try {
    return new RegExp(text, 'i')
  } catch {
    return undefined
  }
}
