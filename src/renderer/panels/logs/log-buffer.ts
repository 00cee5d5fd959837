/** One line of a combined log. */
export interface LogLine {
  /** Counts up over the whole session. */
  number: number
  source: number
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

  /** Adds text of a source; what has no end of line yet waits for it. */
  push(source: number, text: string): void {
    const parts = ((this.#rest.get(source) ?? '') + text).split('\n')
    this.#rest.set(source, parts.pop() ?? '')
    for (const part of parts) this.#add(source, part)
  }

  /** A source has ended: its last words may lack an end of line. */
  finish(source: number): void {
    const rest = this.#rest.get(source)
    this.#rest.delete(source)
    if (rest) this.#add(source, rest)
  }

  clear(): void {
    this.#lines = []
    this.#rest.clear()
    this.#next = this.dropped = 0
  }

  #add(source: number, text: string): void {
    this.#lines.push({ number: this.#next++, source, text: plain(text) })
    // Cut in slabs, so that a full ring costs no more than one that fills up.
    if (this.#lines.length < this.#size * 1.1) return
    const surplus = this.#lines.length - this.#size
    this.#lines = this.#lines.slice(surplus)
    this.dropped += surplus
  }
}

/** Without carriage returns and terminal escapes: colours of programs mean nothing here, and links could deceive. */
export const plain = (text: string): string =>
  // eslint-disable-next-line no-control-regex
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
