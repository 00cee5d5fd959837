/**
 * The message of Go's JSON decoder for the first syntax error of a text; undefined when the text is valid JSON
 * (encoding/json/scanner.go).
 */
export function goJsonProblem(text: string): string | undefined {
  try {
    new Scanner(text).document()
    return undefined
  } catch (error) {
    if (error instanceof GoSyntaxError) return error.message
    throw error
  }
}

class GoSyntaxError extends Error {}

/** Go's limit is 10,000, which would be too deep for recursion here. */
const maxDepth = 1_000

class Scanner {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value()
    this.#space()
    if (this.#at < this.#text.length) this.#fail('after top-level value')
  }

  #value(): void {
    this.#space()
    const char = this.#text[this.#at]
    if (char === '{') this.#members()
    else if (char === '[') this.#elements()
    else if (char === '"') this.#string()
    else if (char === 't') this.#literal('true')
    else if (char === 'f') this.#literal('false')
    else if (char === 'n') this.#literal('null')
    else if (char === '-' || isDigit(char)) this.#number()
    else this.#fail('looking for beginning of value')
  }

  #members(): void {
    this.#enter()
    if (this.#skip('}')) {
      this.#leave()
      return
    }
    for (;;) {
      this.#space()
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string')
      this.#string()
      if (!this.#skip(':')) this.#fail('after object key')
      this.#value()
      if (this.#skip('}')) {
        this.#leave()
        return
      }
      if (!this.#skip(',')) this.#fail('after object key:value pair')
    }
  }

  #elements(): void {
    this.#enter()
    if (this.#skip(']')) {
      this.#leave()
      return
    }
    for (;;) {
      this.#value()
      if (this.#skip(']')) {
        this.#leave()
        return
      }
      if (!this.#skip(',')) this.#fail('after array element')
    }
  }

  #enter(): void {
    this.#at++
    if (++this.#depth > maxDepth) throw new GoSyntaxError('exceeded max depth')
  }

  #leave(): void {
    this.#depth--
  }

  #string(): void {
    this.#at++
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined || char < ' ') this.#fail('in string literal')
      this.#at++
      if (char === '"') return
      if (char === '\\') this.#escape()
    }
  }

  #escape(): void {
    const char = this.#text[this.#at] ?? ''
    if (char === 'u') {
      for (let digit = 1; digit <= 4; digit++)
        if (!/[\da-fA-F]/.test(this.#text[this.#at + digit] ?? '')) {
          this.#at += digit
          this.#fail('in \\u hexadecimal character escape')
        }
      this.#at += 5
    } else if (char !== '' && 'bfnrt\\/"'.includes(char)) this.#at++
    else this.#fail('in string escape code')
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at++
    if (!isDigit(this.#text[this.#at])) this.#fail('in numeric literal')
    if (this.#text[this.#at] === '0') this.#at++
    else this.#digits()
    if (this.#text[this.#at] === '.') {
      this.#at++
      if (!isDigit(this.#text[this.#at])) this.#fail('after decimal point in numeric literal')
      this.#digits()
    }
    if (this.#text[this.#at]?.toLowerCase() !== 'e') return
    this.#at++
    if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++
    if (!isDigit(this.#text[this.#at])) this.#fail('in exponent of numeric literal')
    this.#digits()
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at])) this.#at++
  }

  #literal(word: string): void {
    for (let index = 1; index < word.length; index++) {
      this.#at++
      if (this.#text[this.#at] !== word[index]) this.#fail(`in literal ${word} (expecting '${word[index] ?? ''}')`)
    }
    this.#at++
  }

  #skip(char: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '-')) this.#at++
  }

  #fail(where: string): never {
    const char = this.#text[this.#at]
    throw new GoSyntaxError(
      char === undefined ? 'unexpected end of JSON input' : `invalid character ${quoted(char)} ${where}`,
    )
  }
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9'

/** Go's form of a character in messages: `'o'`, `'\n'`, `'\x01'`, `'\u009e'`. */
function quoted(char: string): string {
  if (char === "'") return `'\\''`
  if (char === '"') return `'"'`
  const code = char.charCodeAt(0)
  const named = namedEscapes[code]
  if (named !== undefined) return `'\\${named}'`
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`
  // Neither control characters of Latin-1 nor its spaces are printable.
  if ((code > 0x7f && code <= 0xa0) || code === 0xad) return `'\\u${code.toString(16).padStart(4, '0')}'`
  return `'${JSON.stringify(char).slice(1, -1)}'`
}

const namedEscapes: Readonly<Record<number, string>> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' }
