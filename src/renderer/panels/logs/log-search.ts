import type { LogLine } from './log-buffer.ts'

/** The lines that match, updated as lines come and go: each line is tested once per expression. */
export class LogSearch {
  #pattern: RegExp | undefined
  /** Numbers of matching lines, in order. */
  #numbers: number[] = []
  #scanned = 0

  /** @returns the numbers of the matching lines that are still in the buffer */
  update(lines: readonly LogLine[], pattern: RegExp | undefined): readonly number[] {
    if (pattern?.source !== this.#pattern?.source || pattern?.flags !== this.#pattern?.flags) {
      this.#pattern = pattern
      this.#numbers = []
      this.#scanned = 0
    }
    if (!pattern) return []
    const first = lines[0]?.number ?? 0
    if (first < this.#scanned && this.#numbers.length > 0 && (this.#numbers[0] ?? 0) < first)
      this.#numbers = this.#numbers.filter((number) => number >= first)
    // A cleared buffer counts from the beginning again.
    const last = lines.at(-1)?.number ?? -1
    if (last < this.#scanned - 1) {
      this.#numbers = []
      this.#scanned = 0
    }
    for (let at = Math.max(0, this.#scanned - first); at < lines.length; at++) {
      const line = lines[at]
      if (line && pattern.test(line.text)) this.#numbers.push(line.number)
    }
    this.#scanned = last + 1
    return this.#numbers
  }
}

/** Splits a text into pieces that match and pieces that do not. */
export function highlighted(text: string, pattern: RegExp | undefined): { text: string; hit: boolean }[] {
  if (!pattern) return [{ text, hit: false }]
  const pieces: { text: string; hit: boolean }[] = []
  let at = 0
  for (const match of text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))) {
    if (match[0] === '') continue
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), hit: false })
    pieces.push({ text: match[0], hit: true })
    at = match.index + match[0].length
  }
  if (at < text.length || pieces.length === 0) pieces.push({ text: text.slice(at), hit: false })
  return pieces
}
