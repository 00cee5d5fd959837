import type { Environment } from '@marcbachmann/cel-js'
import { goRegex, type GoRegex } from '#shared/base/go-regex.ts'
import { timestampText } from './conversions.ts'
import { perCharacter, spend } from './cost.ts'

/** Kubernetes' string libraries: `charAt`, `replace`, `find`, `findAll`, `format` and the like. */
export function registerStrings(environment: Environment): void {
  environment
    .registerFunction('string.charAt(int): string', (text: string, at: bigint) => charAt(text, Number(at)))
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction(
      'string.replace(string, string, int): string',
      (text: string, from: string, to: string, limit: bigint) => replaceSome(text, from, to, Number(limit)),
    )
    .registerFunction('string.reverse(): string', (text: string) => Array.from(text).reverse().join(''))
    .registerFunction('string.find(string): string', (text: string, pattern: string) => regex(pattern).find(text) ?? '')
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      regex(pattern).findAll(text),
    )
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
      regex(pattern).findAll(text, limit < 0n ? Infinity : Number(limit)),
    )
    .registerFunction(
      'matches(string, string): bool',
      (text: string, pattern: string) => regex(pattern).find(text) !== undefined,
    )
    .registerFunction('string.format(list): string', (text: string, values: unknown[]) => format(text, values))
  environment
    .registerType('strings', Strings)
    .registerConstant('strings', 'strings', new Strings())
    .registerFunction('strings.quote(string): string', (_: Strings, text: string) => quoted(text))
  environment
    .registerType('jsonpatch', JsonPatch)
    .registerConstant('jsonpatch', 'jsonpatch', new JsonPatch())
    .registerFunction('jsonpatch.escapeKey(string): string', (_: JsonPatch, key: string) =>
      key.replaceAll('~', '~0').replaceAll('/', '~1'),
    )
}

/** Represents the namespace before the dot. */
class Strings {
  readonly name = 'strings'
}

/** Represents the namespace before the dot. */
class JsonPatch {
  readonly name = 'jsonpatch'
}

const controls: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

const quoted = (text: string): string =>
  `"${Array.from(text, (character) => controls[character] ?? character).join('')}"`

function charAt(text: string, at: number): string {
  const characters = Array.from(text)
  if (at < 0 || at > characters.length) throw new Error(`index out of range: ${at}`)
  return characters[at] ?? ''
}

/**
 * What a function with places in a text returns where characters beyond 16 bits make them differ: Go counts code points.
 * Undefined for other functions and texts, which are the library's.
 */
export function byCodePoints(name: string, text: string, [first, second]: readonly unknown[]): unknown {
  if (!/[\ud800-\udbff]/.test(text)) return undefined
  const characters = Array.from(text)
  const place = (at: unknown): number => {
    const index = Number(at)
    if (index < 0 || index > characters.length) throw new Error(`index out of range: ${index}`)
    return index
  }
  const unitsBefore = (at: unknown): number => characters.slice(0, place(at)).join('').length
  const counted = (unit: number): bigint => BigInt(unit < 0 ? unit : Array.from(text.slice(0, unit)).length)
  switch (name) {
    case 'substring':
      return characters.slice(place(first), second === undefined ? undefined : place(second)).join('')
    case 'indexOf':
      return counted(text.indexOf(String(first), second === undefined ? 0 : unitsBefore(second)))
    case 'lastIndexOf':
      return counted(text.lastIndexOf(String(first), second === undefined ? undefined : unitsBefore(second)))
    case 'split':
      return first === '' && second === undefined ? characters : undefined
    default:
      return undefined
  }
}

function replaceSome(text: string, from: string, to: string, limit: number): string {
  let left = limit < 0 ? Infinity : limit
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found))
}

/** Charges the cost that Kubernetes charges, by the lengths of text and pattern (cel/library/cost.go). */
export function regex(pattern: string): GoRegex {
  const found = goRegex(pattern)
  const spendOn = (text: string): void =>
    spend(Math.ceil((1 + text.length) * perCharacter) * Math.ceil(pattern.length * perPatternCharacter))
  return {
    test(text) {
      spendOn(text)
      return found.test(text)
    },
    find(text) {
      spendOn(text)
      return found.find(text)
    },
    findAll(text, limit) {
      spendOn(text)
      return found.findAll(text, limit)
    },
  }
}

const perPatternCharacter = 0.25

/** `%s`, `%d`, `%f` with a precision, `%e`, `%b`, `%o`, `%x`, `%X` and `%%`, as CEL's string extension. */
function format(text: string, values: readonly unknown[]): string {
  let next = 0
  return text.replace(/%(?:\.(\d+))?([%sdfebxXo])/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length) throw new Error(`index ${next} out of range`)
    return formatOne(values[next++], verb, precision === undefined ? 6 : Number(precision))
  })
}

function formatOne(value: unknown, verb: string, precision: number): string {
  switch (verb) {
    case 'd':
      if (typeof value !== 'bigint' && typeof value !== 'number')
        throw new Error('error during formatting: decimal clause can only be used on integers')
      return String(value)
    case 'f':
      return Number(value).toFixed(precision)
    case 'e':
      // Go writes at least two digits of the exponent.
      return Number(value)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : (value as bigint).toString(2)
    case 'o':
      return (value as bigint).toString(8)
    case 'x':
    case 'X': {
      const hex = typeof value === 'string' ? Buffer.from(value).toString('hex') : (value as bigint).toString(16)
      return verb === 'X' ? hex.toUpperCase() : hex
    }
    default:
      return textOf(value)
  }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${textOf(item)}`)
      .sort()
      .join(', ')}}`
  return value instanceof Date ? timestampText(value) : String(value)
}
