/**
 * Rewrites literals that the library does not support. The objects of mutating admission policies,
 * `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add", …}`, become maps; the optional entries `[?a]` and
 * `{?"key": a}` become calls that omit the entry when `a` has no value.
 */
export function plainLiterals(expression: string): string {
  if (!/\b(?:Object|JSONPatch)\b|[[{,]\s*\?/.test(expression)) return expression
  const rewriting = new Rewriting(expression)
  while (!rewriting.done) rewriting.step()
  return rewriting.out
}

/** An open bracket. */
interface Open {
  /** Whether it opens a list or map literal, not an index or a call. */
  isLiteral: boolean
  /** Whether its field names are written without quotes. */
  isMessage: boolean
  /** The call that omits absent entries; '' while there are no optional ones. */
  leaveOut: string
  /** Where it begins in the output. */
  at: number
}

class Rewriting {
  out = ''
  readonly #text: string
  #at = 0
  readonly #open: Open[] = []
  /** Whether an entry has only white space so far. */
  #atEntry = false

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  step(): void {
    const rest = this.#text.slice(this.#at)
    const untouched = verbatim.exec(rest)?.[0]
    const message = /[\w.]$/.test(this.out) ? undefined : messageStart.exec(rest)?.[0]
    if (untouched) this.#write(untouched)
    else if (message) this.#begin(message.length, '{', { isLiteral: true, isMessage: true })
    else if (!this.#fieldName(rest)) this.#character(this.#text[this.#at] ?? '')
  }

  #fieldName(rest: string): boolean {
    const key = this.#atEntry && this.#open.at(-1)?.isMessage ? fieldName.exec(rest) : null
    if (key) this.#write(`${JSON.stringify(key[1] ?? key[2])}:`, key[0].length)
    return key !== null
  }

  #character(character: string): void {
    const inner = this.#open.at(-1)
    if (character === '?' && this.#atEntry && inner?.isLiteral) this.#leaveOut(inner)
    else if (opening.has(character))
      this.#begin(1, character, { isLiteral: this.#isLiteral(character), isMessage: false })
    else {
      this.#write(character)
      if (character === ',') this.#atEntry = true
      else if (closing.has(character)) this.#end()
    }
  }

  #write(text: string, length = text.length): void {
    this.out += text
    this.#at += length
    if (text.trim() !== '') this.#atEntry = false
  }

  #begin(length: number, written: string, kind: Pick<Open, 'isLiteral' | 'isMessage'>): void {
    this.#open.push({ ...kind, leaveOut: '', at: this.out.length })
    this.#write(written, length)
    this.#atEntry = true
  }

  #leaveOut(inner: Open): void {
    inner.leaveOut = this.out[inner.at] === '[' ? 'optional.unwrap(' : 'optional.unwrapEntries('
    this.#at++
  }

  #end(): void {
    const ended = this.#open.pop()
    if (!ended?.leaveOut) return
    this.out = `${this.out.slice(0, ended.at)}${ended.leaveOut}${this.out.slice(ended.at)})`
  }

  /** `[` after a value is an index. */
  #isLiteral(character: string): boolean {
    if (character === '{') return true
    return character === '[' && (!/[\w)\]}"'`]\s*$/.test(this.out) || /(?:^|[^\w.])in\s*$/.test(this.out))
  }
}

const opening = new Set(['(', '[', '{'])
const closing = new Set([')', ']', '}'])
const messageStart = /^(?:Object(?:\.[A-Za-z_]\w*)*|JSONPatch)\s*\{/
const fieldName = /^\s*(?:`([^`]+)`|([A-Za-z_]\w*))\s*:/
/** Matches a quoted string or a comment. */
const verbatim = /^(?:[rRbB]{0,2})(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|^\/\/[^\n]*/
