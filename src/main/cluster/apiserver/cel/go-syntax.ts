/** A syntax error in the words of CEL's Go parser, which ANTLR generates. */
export interface SyntaxProblem {
  /** Offset in the source; -1 for an expression without any token, which has no place. */
  at: number
  words: string
}

/**
 * The syntax errors that CEL's Go parser finds in an expression, in the order of the source. After an error that ANTLR cannot
 * recover from at the same token, no more are looked for. Empty when it finds none.
 */
export function syntaxProblems(source: string): SyntaxProblem[] {
  const { tokens, problems } = tokensOf(source)
  const parser = new Parser(tokens, problems)
  parser.expression()
  return problems.sort((a, b) => a.at - b.at)
}

interface Token {
  kind: 'end' | 'operator' | 'identifier' | 'literal'
  text: string
  at: number
}

const space = /[\t\n\f\r ]+|\/\/[^\n]*/y
const literal =
  /(?:[rR]?[bB]?|[bB]?[rR]?)(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*')|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|0x[\da-fA-F]+[uU]?|\d+[uU]?/y
const identifier = /[A-Za-z_]\w*|`[\w.\-/ ]+`/y
const operator = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y
const words = new Set(['in', 'true', 'false', 'null'])

function tokensOf(source: string): { tokens: Token[]; problems: SyntaxProblem[] } {
  const tokens: Token[] = []
  const problems: SyntaxProblem[] = []
  let at = 0
  const next = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  while (at < source.length) {
    const skipped = next(space)
    const found = skipped === undefined ? tokenAt(next, at) : undefined
    const text = skipped ?? found?.text ?? unknownAt(source, at)
    if (found) tokens.push(found)
    else if (skipped === undefined) problems.push({ at, words: `token recognition error at: '${text}'` })
    at += text.length
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length })
  return { tokens, problems }
}

function tokenAt(next: (pattern: RegExp) => string | undefined, at: number): Token | undefined {
  const value = next(literal)
  if (value !== undefined) return { kind: 'literal', text: value, at }
  const name = next(identifier)
  if (name !== undefined)
    return { kind: name === 'in' ? 'operator' : words.has(name) ? 'literal' : 'identifier', text: name, at }
  const sign = next(operator)
  return sign === undefined ? undefined : { kind: 'operator', text: sign, at }
}

/** Half of a doubled operator is read with what follows it, a string without end to the end. */
function unknownAt(source: string, at: number): string {
  const char = String.fromCodePoint(source.codePointAt(at) ?? 0)
  if (char === '"' || char === "'") return source.slice(at)
  return '&|='.includes(char) ? source.slice(at, at + 2) : char
}

const operands =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

const binary = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%', '&&', '||', '?'])

/** The rest is not looked at. */
class Unrecoverable extends Error {}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #problems: SyntaxProblem[]
  #index = 0

  constructor(tokens: readonly Token[], problems: SyntaxProblem[]) {
    this.#tokens = tokens
    this.#problems = problems
  }

  expression(): void {
    try {
      this.#expression()
      this.#end()
    } catch (error) {
      if (!(error instanceof Unrecoverable)) throw error
    }
  }

  get #token(): Token {
    return this.#tokens[this.#index] ?? { kind: 'end', text: '<EOF>', at: 0 }
  }

  get #following(): Token | undefined {
    return this.#tokens[this.#index + 1]
  }

  #is(text: string): boolean {
    return this.#token.kind === 'operator' && this.#token.text === text
  }

  #skip(text: string): boolean {
    if (!this.#is(text)) return false
    this.#index++
    return true
  }

  #report(words: string, { at }: Token = this.#token): void {
    this.#problems.push({ at: this.#tokens.length === 1 ? -1 : at, words })
  }

  #fail(words: string, token?: Token): never {
    this.#report(words, token)
    throw new Unrecoverable()
  }

  /** One token too many is extraneous, more are a mismatch. */
  #end(): void {
    const { kind, text } = this.#token
    if (kind === 'end') return
    this.#report(`${this.#following?.kind === 'end' ? 'extraneous' : 'mismatched'} input '${text}' expecting <EOF>`)
  }

  #close(text: string): void {
    if (this.#skip(text)) return
    if (this.#token.kind === 'end') this.#fail(`missing '${text}' at '<EOF>'`)
    this.#fail(`mismatched input '${this.#token.text}' expecting '${text}'`)
  }

  #expression(): void {
    this.#operand()
    while (this.#token.kind === 'operator' && binary.has(this.#token.text)) {
      const isChoice = this.#is('?')
      this.#index++
      this.#operand()
      if (!isChoice) continue
      while (this.#token.kind === 'operator' && binary.has(this.#token.text) && !this.#is('?')) {
        this.#index++
        this.#operand()
      }
      this.#close(':')
      this.#expression()
    }
  }

  #operand(): void {
    if (this.#is('!')) while (this.#skip('!'));
    else while (this.#skip('-'));
    this.#primary()
    for (;;) {
      if (this.#skip('[')) {
        this.#skip('?')
        this.#expression()
        this.#close(']')
      } else if (this.#is('.')) this.#selection()
      else return
    }
  }

  #selection(): void {
    this.#index++
    const optional = this.#skip('?') ? '?' : ''
    if (this.#token.kind !== 'identifier') this.#fail(`no viable alternative at input '.${optional}${this.#text()}'`)
    this.#index++
    if (this.#skip('(')) this.#list(')')
    else if (this.#is('{')) this.#fields()
  }

  #primary(): void {
    const { kind, text } = this.#token
    if (kind === 'literal') this.#index++
    else if (kind === 'identifier' || text === '.') this.#named()
    else if (this.#skip('(')) {
      this.#expression()
      this.#close(')')
    } else if (this.#skip('[')) this.#list(']')
    else if (this.#is('{')) this.#fields()
    else {
      this.#report(`mismatched input '${text}' expecting ${operands}`)
      // What may follow an operand is taken as if it did.
      if (kind !== 'operator' || !binary.has(text)) throw new Unrecoverable()
    }
  }

  #named(): void {
    if (this.#skip('.') && this.#token.kind !== 'identifier')
      this.#fail(`no viable alternative at input '.${this.#text()}'`)
    this.#index++
    if (this.#skip('(')) this.#list(')')
    else if (this.#is('{')) this.#fields()
  }

  #text(): string {
    return this.#token.kind === 'end' ? '' : this.#token.text
  }

  #list(close: string): void {
    while (!this.#is(close)) {
      this.#skip('?')
      this.#expression()
      if (!this.#skip(',')) break
    }
    this.#close(close)
  }

  #fields(): void {
    this.#close('{')
    while (!this.#is('}')) {
      this.#skip('?')
      this.#expression()
      this.#close(':')
      this.#expression()
      if (!this.#skip(',')) break
    }
    this.#close('}')
  }
}
