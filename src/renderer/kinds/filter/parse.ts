/**
 * The filter language of lists: words that must all hold. `key:value` looks at a column, `label=value` at a label,
 * `age<5m` compares, anything else is looked for in every column. Commas or, `-` negates, quotes keep blanks and signs:
 *
 *     status:crash node:worker-2 app=web,api age<5m -ns:kube-system "two words"
 */
export interface Filter {
  words: FilterWord[]
  /** The first thing that cannot be understood: nothing is filtered by that word. */
  problem?: FilterProblem
}

export interface FilterWord {
  /** As it was typed. */
  text: string
  /** Where it stands in the filter. */
  start: number
  end: number
  negated: boolean
  /** Lower case for columns, as written for labels; unset for words that are looked for anywhere. */
  key?: string
  sign?: FilterSign
  /** At least one; of these, one must hold. */
  values: string[]
}

export const filterSigns = [':', '=', '<', '<=', '>', '>='] as const
export type FilterSign = (typeof filterSigns)[number]

export interface FilterProblem {
  kind: 'quote' | 'value' | 'amount'
  /** The word, as it was typed. */
  word: string
}

/** @param isKey whether a column has this key: `nginx:1.29` is no question about a column `nginx` */
export function parseFilter(text: string, isKey: (key: string) => boolean): Filter {
  const words: FilterWord[] = []
  let problem: FilterProblem | undefined
  for (const piece of piecesOf(text)) {
    if (piece.open) {
      problem ??= { kind: 'quote', word: piece.text }
      continue
    }
    const word = wordOf(piece, isKey)
    if (word.values.every((value) => value === '') && word.sign !== '=') {
      // A sign alone, or a lonely dash: the user is still typing.
      if (word.sign !== undefined) problem ??= { kind: 'value', word: word.text }
      continue
    }
    if (isComparison(word.sign) && amountOf(word.values[0] ?? '') === undefined) {
      problem ??= { kind: 'amount', word: word.text }
      continue
    }
    words.push(word)
  }
  return { words, ...(problem ? { problem } : {}) }
}

export const isComparison = (sign: FilterSign | undefined): boolean => sign?.[0] === '<' || sign?.[0] === '>'

const units: Record<string, number> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}
const binary: Record<string, number> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }

/** `5m`, `1h30m`: time, ms, to compare with ages; `3`, `0.5`, `1Gi`: a number. Both where a unit may be either. */
export function amountOf(text: string): { ms?: number; number?: number } | undefined {
  const number = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti)?$/.exec(text)
  if (number) return { number: Number(number[1]) * (binary[number[2] ?? ''] ?? 1) }
  if (!/^(\d+(\.\d+)?[smhdwy])+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)([smhdwy])/g)
  return { ms: [...parts].reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0) }
}

/** A value as it has to be written to be read as itself. */
export const quotedValue = (value: string): string =>
  value === '' || /[\s",]/.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : value

/** The filter without the word at this place. */
export const withoutWord = (text: string, { start, end }: Pick<FilterWord, 'start' | 'end'>): string =>
  `${text.slice(0, start)}${text.slice(end)}`.replaceAll(/^\s+|\s+$|\s+(?=\s)/g, '')

interface Piece {
  text: string
  start: number
  end: number
  /** A quote is not closed. */
  open: boolean
  /** Each character with whether it stood in quotes. */
  characters: { character: string; quoted: boolean }[]
}

/** Splits at blanks outside of quotes. In quotes a backslash takes the next character as it is. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  let piece: Piece | undefined
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (!quoted && /\s/.test(character)) {
      piece = undefined
      continue
    }
    if (!piece) {
      piece = { text: '', start: at, end: at, open: false, characters: [] }
      pieces.push(piece)
    }
    if (character === '"') {
      quoted = !quoted
      // An empty value in quotes is a value.
      piece.characters.push({ character: '', quoted: true })
    } else if (quoted && character === '\\' && at + 1 < text.length) {
      piece.characters.push({ character: text[++at] ?? '', quoted: true })
    } else piece.characters.push({ character, quoted })
    piece.end = at + 1
    piece.text = text.slice(piece.start, piece.end)
    piece.open = quoted
  }
  return pieces
}

function wordOf({ text, start, end, characters }: Piece, isKey: (key: string) => boolean): FilterWord {
  const negated = characters.length > 1 && isMinus(characters[0])
  const rest = negated ? characters.slice(1) : characters
  const place = { text, start, end }
  const split = signIn(rest)
  if (split) {
    const key = textOf(rest.slice(0, split.at))
    const values = valuesOf(rest.slice(split.at + split.length))
    const { sign } = split
    const isNot = sign === '=' && key.endsWith('!')
    if (sign === '=' && key !== '' && key !== '!')
      return { ...place, negated: negated !== isNot, key: isNot ? key.slice(0, -1) : key, sign, values }
    if (sign !== '=' && isKey(key.toLowerCase())) return { ...place, negated, key: key.toLowerCase(), sign, values }
  }
  return { ...place, negated, values: valuesOf(rest) }
}

const isMinus = (first: Piece['characters'][number] | undefined): boolean =>
  first?.quoted === false && (first.character === '-' || first.character === '−')

/** The first sign outside of quotes. */
function signIn(characters: Piece['characters']): { at: number; length: number; sign: FilterSign } | undefined {
  const at = characters.findIndex(({ character, quoted }) => quoted || /[:=<>]/.test(character))
  const first = characters[at]
  if (!first || first.quoted) return undefined
  const next = characters[at + 1]
  const isTwo = /[<>]/.test(first.character) && next?.character === '=' && !next.quoted
  const sign = filterSigns.find((each) => each === (isTwo ? `${first.character}=` : first.character))
  return sign && { at, length: sign.length, sign }
}

/** Splits at commas outside of quotes. Empty values are dropped unless they are all there is. */
function valuesOf(characters: Piece['characters']): string[] {
  const values = [{ text: '', quoted: false }]
  for (const { character, quoted } of characters) {
    const last = values.at(-1)
    if (character === ',' && !quoted) values.push({ text: '', quoted: false })
    else if (last) {
      last.text += character
      last.quoted ||= quoted
    }
  }
  const given = values.filter(({ text, quoted }) => text !== '' || quoted).map(({ text }) => text)
  return given.length > 0 ? given : ['']
}

const textOf = (characters: Piece['characters']): string => characters.map(({ character }) => character).join('')
