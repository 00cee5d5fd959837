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
 * The last lines of all sources in order of arrival; lines that are dropped are counted. Plain data outside of Vue's
 * reactivity, because ten thousand lines may come in a second.
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

  /** Time of a source's last line, from which a broken stream resumes. */
  lastTime(source: number): string | undefined {
    return this.#last.get(source)
  }

  /**
   * Adds text of a source, whose lines begin with their time. A line without its end waits for the rest.
   * @param after drops lines up to this time: a resumed stream begins at a whole second
   */
  push(source: number, text: string, after = ''): void {
    const parts = ((this.#rest.get(source) ?? '') + text).split('\n')
    this.#rest.set(source, parts.pop() ?? '')
    for (const part of parts) this.#add(source, part, after)
  }

  /** Adds a line that is not of the log. */
  say(source: number, text: string): void {
    this.#add(source, text, '')
  }

  /** Adds a source's last line, which may lack its line end. */
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
    // Dropped in blocks, so that a full buffer does not copy all lines for each new one.
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

/** Removes carriage returns and terminal escapes: colours are not shown, and links could deceive. */
export const plain = (text: string): string =>
  text.replace(/\r$/, '').replace(/\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])/g, '')

/** The regular expression of a search box. @returns undefined when it is empty or not valid */
export function searchPattern(text: string): RegExp | undefined {
  if (text === '') return undefined
  try {
    return new RegExp(text, 'i')
  } catch {
    return undefined
  }
}
