/**
 * Duplicate keys of a JSON text, which `JSON.parse` drops silently. Counting colons outside strings is enough to detect
 * duplicates; only then is the text scanned for their paths.
 */

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/** Counts the keys of the text, duplicates included. */
export function countJsonKeys(bytes: Uint8Array): number {
  let keys = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === quote) inString = !inString
    else if (inString) {
      if (byte === backslash) i++
    } else if (byte === colon) keys++
  }
  return keys
}

/** Returns the paths of duplicate keys, such as `spec.replicas`, at most `most`. The text must be valid JSON. */
export function duplicateFields(text: string, most = Infinity): string[] {
  const scan = new Scan(text, most)
  scan.value('')
  return scan.duplicates
}

class Scan {
  readonly duplicates: string[] = []
  readonly #text: string
  readonly #most: number
  #at = 0

  constructor(text: string, most: number) {
    this.#text = text
    this.#most = most
  }

  value(path: string): void {
    switch (this.#peek()) {
      case '{':
        this.#object(path)
        break
      case '[':
        this.#array(path)
        break
      case '"':
        this.#string()
        break
      default:
        while (this.#at < this.#text.length && !/[\s,\]}]/.test(this.#text[this.#at] ?? '')) this.#at++
    }
  }

  #object(path: string): void {
    const seen = new Set<string>()
    this.#at++
    while (this.#peek() !== '}') {
      const key = this.#string()
      const child = path === '' ? key : `${path}.${key}`
      if (seen.has(key) && this.duplicates.length < this.#most) this.duplicates.push(child)
      seen.add(key)
      this.#peek()
      this.#at++
      this.value(child)
      if (this.#peek() === ',') this.#at++
    }
    this.#at++
  }

  #array(path: string): void {
    this.#at++
    for (let i = 0; this.#peek() !== ']'; i++) {
      this.value(`${path}[${i}]`)
      if (this.#peek() === ',') this.#at++
    }
    this.#at++
  }

  #string(): string {
    const start = this.#at++
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1
    this.#at++
    return JSON.parse(this.#text.slice(start, this.#at)) as string
  }

  /** Returns the next character that is not white space. */
  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    const char = this.#text[this.#at]
    if (char === undefined) throw new SyntaxError('unexpected end of JSON input')
    return char
  }
}
