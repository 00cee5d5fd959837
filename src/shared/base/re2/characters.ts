/** Sets of characters, as Go's regular expressions have them. */
export interface CharacterSet {
  readonly negated: boolean
  /** Pairs of first and last code point. */
  readonly ranges: readonly (readonly [number, number])[]
  readonly others: readonly ((codePoint: number) => boolean)[]
  readonly ignoreCase: boolean
}

export const setOf = (parts: Partial<CharacterSet>): CharacterSet => ({
  negated: false,
  ranges: [],
  others: [],
  ignoreCase: false,
  ...parts,
})

export function contains(set: CharacterSet, codePoint: number): boolean {
  const found = set.ignoreCase ? casesOf(codePoint).some((one) => holds(set, one)) : holds(set, codePoint)
  return found !== set.negated
}

function holds({ ranges, others }: CharacterSet, codePoint: number): boolean {
  for (const [first, last] of ranges) if (codePoint >= first && codePoint <= last) return true
  for (const other of others) if (other(codePoint)) return true
  return false
}

function casesOf(codePoint: number): number[] {
  const character = String.fromCodePoint(codePoint)
  return [character, character.toLowerCase(), character.toUpperCase()].flatMap((one) => one.codePointAt(0) ?? [])
}

type Range = readonly [number, number]
const range = (first: string, last = first): Range => [first.charCodeAt(0), last.charCodeAt(0)]
const digits = [range('0', '9')]
const letters = [range('a', 'z'), range('A', 'Z')]
const blanks = [range('\t'), range(' ')]

/** `\d`, `\s`, `\w`: of ASCII alone, unlike JavaScript's. */
export const perlClasses: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  s: [range('\t', '\n'), range('\f', '\r'), range(' ')],
  w: [...digits, ...letters, range('_')],
}

/** `[[:alpha:]]` and the like. */
export const posixClasses: Readonly<Record<string, readonly Range[]>> = {
  alnum: [...digits, ...letters],
  alpha: letters,
  ascii: [[0, 0x7f]],
  blank: blanks,
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: digits,
  graph: [range('!', '~')],
  lower: [range('a', 'z')],
  print: [range(' ', '~')],
  punct: [range('!', '/'), range(':', '@'), range('[', '`'), range('{', '~')],
  space: [range('\t', '\r'), range(' ')],
  upper: [range('A', 'Z')],
  word: [...digits, ...letters, range('_')],
  xdigit: [...digits, range('a', 'f'), range('A', 'F')],
}

export const isWordCharacter = (codePoint: number | undefined): boolean =>
  codePoint !== undefined && (perlClasses['w'] ?? []).some(([first, last]) => codePoint >= first && codePoint <= last)

/** `\p{Lu}`, `\p{Greek}`; undefined when there is no such property. */
export function unicodeClass(name: string): ((codePoint: number) => boolean) | undefined {
  if (name === 'Any') return () => true
  if (!/^\w+$/.test(name)) return undefined
  try {
    const known = new RegExp(`^\\p{${name.length > 2 ? `Script=${name}` : name}}$`, 'u')
    return (codePoint) => known.test(String.fromCodePoint(codePoint))
  } catch {
    return undefined
  }
}
