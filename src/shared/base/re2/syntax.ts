import { perlClasses, posixClasses, setOf, unicodeClass, type CharacterSet } from './characters.ts'

/** Regular expressions as Go (RE2) reads them. */
export type Pattern =
  | { kind: 'set'; set: CharacterSet }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'sequence'; parts: readonly Pattern[] }
  | { kind: 'choice'; options: readonly Pattern[] }
  | { kind: 'repeat'; part: Pattern; min: number; max: number; greedy: boolean }

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordBoundary' | 'noWordBoundary'

/** @throws Error in Go's words */
export function parsePattern(text: string): Pattern {
  const parser = new Parser(text)
  const pattern = parser.choice({ i: false, m: false, s: false, U: false })
  if (!parser.atEnd) parser.fail('unexpected )', text)
  return pattern
}

interface Flags {
  i: boolean
  m: boolean
  s: boolean
  U: boolean
}

const deepest = 200
const mostRepeats = 1_000
const newline = 10
const lastCodePoint = 0x10ffff

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  fail(what: string, near: string): never {
    throw new Error(`error parsing regexp: ${what}: \`${near}\``)
  }

  choice(outer: Flags): Pattern {
    if (++this.#depth > deepest) this.fail('expression nests too deeply', this.#text)
    // `(?i)` is for the rest of the group, its other options too.
    const flags = { ...outer }
    const options: Pattern[] = [this.#sequence(flags)]
    while (this.#take('|')) options.push(this.#sequence(flags))
    this.#depth--
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options }
  }

  #sequence(flags: Flags): Pattern {
    const parts: Pattern[] = []
    while (!this.atEnd && this.#peek() !== '|' && this.#peek() !== ')') {
      const part = this.#item(flags, parts)
      if (part) parts.push(this.#repeated(part, flags))
    }
    return { kind: 'sequence', parts }
  }

  /** @returns undefined for what stands for nothing: flags, quotes (whose characters are added) */
  #item(flags: Flags, parts: Pattern[]): Pattern | undefined {
    const character = this.#next()
    switch (character) {
      case '(':
        return this.#group(flags)
      case '[':
        return { kind: 'set', set: this.#class(flags) }
      case '.':
        return anything(flags)
      case '^':
        return { kind: 'assert', what: flags.m ? 'lineStart' : 'textStart' }
      case '$':
        return { kind: 'assert', what: flags.m ? 'lineEnd' : 'textEnd' }
      case '*':
      case '+':
      case '?':
        return this.fail('missing argument to repetition operator', character)
      case '\\':
        return this.#escape(flags, parts)
      default:
        return literal(character, flags)
    }
  }

  #group(flags: Flags): Pattern | undefined {
    const begin = this.#at - 1
    let inner = flags
    const special = /^\?(?:P?<(?<name>[^>]*)>|(?<on>[imsU]*)(?:-(?<off>[imsU]+))?(?<end>[:)]))/.exec(this.#rest())
    if (special) {
      this.#at += special[0].length
      const { name, on = '', off = '', end } = special.groups ?? {}
      if (name !== undefined && !/^\w+$/.test(name)) this.fail('invalid named capture', `(${special[0]}`)
      inner = { ...flags }
      for (const flag of on) inner[flag as keyof Flags] = true
      for (const flag of off) inner[flag as keyof Flags] = false
      if (end === ')') {
        Object.assign(flags, inner)
        return undefined
      }
    } else if (this.#peek() === '?') this.fail('invalid or unsupported Perl syntax', this.#text.slice(begin, begin + 3))
    const pattern = this.choice(inner)
    if (!this.#take(')')) this.fail('missing closing )', this.#text)
    return pattern
  }

  #repeated(part: Pattern, flags: Flags): Pattern {
    const begin = this.#at
    const times = this.#times()
    if (!times) return part
    const greedy = this.#take('?') === flags.U
    if (this.#times()) this.fail('invalid nested repetition operator', this.#text.slice(begin, this.#at))
    return { kind: 'repeat', part, ...times, greedy }
  }

  #times(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const counted = /^\{(\d+)(,?)(\d*)\}/.exec(this.#rest())
    if (!counted || (!counted[2] && counted[3])) return undefined
    this.#at += counted[0].length
    const min = Number(counted[1])
    const max = counted[3] ? Number(counted[3]) : counted[2] ? Infinity : min
    if (min > mostRepeats || (max !== Infinity && max > mostRepeats) || max < min)
      this.fail('invalid repeat count', counted[0])
    return { min, max }
  }

  #escape(flags: Flags, parts: Pattern[]): Pattern | undefined {
    if (this.atEnd) this.fail('trailing backslash at end of expression', '')
    switch (this.#peek()) {
      case 'A':
        return this.#assertion('textStart')
      case 'z':
        return this.#assertion('textEnd')
      case 'b':
        return this.#assertion('wordBoundary')
      case 'B':
        return this.#assertion('noWordBoundary')
      case 'Q':
        return this.#quoted(flags, parts)
    }
    return { kind: 'set', set: this.#escapedSet(flags) }
  }

  #assertion(what: Assertion): Pattern {
    this.#at++
    return { kind: 'assert', what }
  }

  /** `\Q…\E`; the last character is given back, for a repetition is of it alone. */
  #quoted(flags: Flags, parts: Pattern[]): Pattern | undefined {
    const end = this.#text.indexOf('\\E', this.#at)
    const text = this.#text.slice(this.#at + 1, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#text.length : end + 2
    const all = Array.from(text, (character) => literal(character, flags))
    const last = all.pop()
    parts.push(...all)
    return last
  }

  #escapedSet(flags: Flags): CharacterSet {
    const ignoreCase = flags.i
    const named = this.#namedSet()
    if (named) return { ...named, ignoreCase }
    const codePoint = this.#escapedCharacter()
    return setOf({ ranges: [[codePoint, codePoint]], ignoreCase })
  }

  /** `\d`, `\PL`, `\p{Greek}`: after the backslash. */
  #namedSet(): CharacterSet | undefined {
    const perl = perlClasses[this.#peek().toLowerCase()]
    if (perl) {
      const letter = this.#next()
      return setOf({ ranges: perl, negated: letter !== letter.toLowerCase() })
    }
    const property = /^([pP])(?:\{(\^?)([^}]*)\}|(.))/.exec(this.#rest())
    if (!property) return undefined
    this.#at += property[0].length
    const [, letter, not, long, short] = property
    const other = unicodeClass(long ?? short ?? '')
    if (!other) this.fail('invalid character class range', `\\${property[0]}`)
    return setOf({ others: [other], negated: (letter === 'P') !== (not === '^') })
  }

  #escapedCharacter(): number {
    const coded = /^(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(this.#rest())
    if (coded) {
      this.#at += coded[0].length
      const hex = coded[1] ?? coded[2]
      const codePoint = hex === undefined ? Number.parseInt(coded[3] ?? '', 8) : Number.parseInt(hex, 16)
      if (codePoint > lastCodePoint) this.fail('invalid escape sequence', `\\${coded[0]}`)
      return codePoint
    }
    if (this.atEnd) this.fail('trailing backslash at end of expression', '')
    const character = this.#next()
    const control = controls[character]
    if (control !== undefined) return control
    if (/[0-9A-Za-z]/.test(character)) this.fail('invalid escape sequence', `\\${character}`)
    return character.codePointAt(0) ?? 0
  }

  #class(flags: Flags): CharacterSet {
    const begin = this.#at - 1
    const negated = this.#take('^')
    const ranges: (readonly [number, number])[] = []
    const others: ((codePoint: number) => boolean)[] = []
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.atEnd) this.fail('missing closing ]', this.#text.slice(begin))
      const named = this.#posix() ?? (this.#peek() === '\\' ? this.#classEscape() : undefined)
      if (!named) ranges.push(this.#range())
      else if (named.negated) others.push((codePoint) => !within(named, codePoint))
      else {
        ranges.push(...named.ranges)
        others.push(...named.others)
      }
    }
    this.#at++
    return setOf({ ranges, others, negated, ignoreCase: flags.i })
  }

  #posix(): CharacterSet | undefined {
    const named = /^\[:(\^?)(\w+):\]/.exec(this.#rest())
    if (!named) return undefined
    this.#at += named[0].length
    const ranges = posixClasses[named[2] ?? '']
    if (!ranges) this.fail('invalid character class range', named[0])
    return setOf({ ranges, negated: named[1] === '^' })
  }

  #classEscape(): CharacterSet | undefined {
    this.#at++
    const named = this.#namedSet()
    if (!named) this.#at--
    return named
  }

  #range(): readonly [number, number] {
    const begin = this.#at
    const first = this.#classCharacter()
    if (!/^-[^\]]/.test(this.#rest())) return [first, first]
    this.#at++
    const last = this.#classCharacter()
    if (last < first) this.fail('invalid character class range', this.#text.slice(begin, this.#at))
    return [first, last]
  }

  #classCharacter(): number {
    if (this.#take('\\')) return this.#escapedCharacter()
    return this.#next().codePointAt(0) ?? 0
  }

  #rest(): string {
    return this.#text.slice(this.#at)
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  /** One character, however many units it has. */
  #next(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    this.#at += character.length
    return character
  }

  #take(character: string): boolean {
    const there = this.#text[this.#at] === character
    if (there) this.#at++
    return there
  }
}

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: newline, r: 13, v: 11 }

const within = ({ ranges, others }: CharacterSet, codePoint: number): boolean =>
  ranges.some(([first, last]) => codePoint >= first && codePoint <= last) || others.some((other) => other(codePoint))

function literal(character: string, { i }: Flags): Pattern {
  const codePoint = character.codePointAt(0) ?? 0
  return { kind: 'set', set: setOf({ ranges: [[codePoint, codePoint]], ignoreCase: i }) }
}

const anything = ({ s }: Flags): Pattern => ({
  kind: 'set',
  set: s ? setOf({ negated: true }) : setOf({ negated: true, ranges: [[newline, newline]] }),
})
