import { Composer, isScalar, Lexer, LineCounter, Parser, visit, type Pair, type Tags } from 'yaml'
import { exactInteger, mayHaveLong } from '#shared/kube/exact-json.ts'
import { maxDepth, exceededDepth } from './excess.ts'

/** The value of a YAML text, and warnings about its duplicate keys with the wording of Go's decoder. */
export interface YamlValue {
  value: unknown
  repeated: string[]
}

/**
 * Parses the single document of a text as kubectl does: YAML 1.1 booleans and octals, but neither timestamps nor
 * sexagesimal numbers. Of duplicate keys the last one wins.
 * @throws Error for a syntax error, for excessive or circular aliases, and for excessive nesting
 */
export function readYaml(text: string): YamlValue {
  const lines = new LineCounter()
  const [document, another] = new Composer({ ...options, intAsBigInt: mayHaveLong(text) }).compose(
    tokensOf(text, lines),
    true,
    text.length,
  )
  if (!document) throw new Error('no document')
  const [error] = document.errors
  if (error) throw new Error(`${error.message}${position(lines, error.pos[0])}`)
  if (another) throw new Error('expected a single document in the stream')
  const repeated: string[] = []
  let aliases = false
  visit(document, {
    Map: (_, { items }) => addRepeats(items, lines, repeated),
    Alias: () => void (aliases = true),
  })
  const value: unknown = document.toJS({
    maxAliasCount: 100,
    reviver: (_, part: unknown) => (typeof part === 'bigint' ? exactInteger(part) : part),
  })
  if (aliases) checkAliased(value)
  return { value, repeated }
}

const options = {
  version: '1.1',
  merge: true,
  logLevel: 'error',
  // The library's check compares every key of a map with every other one.
  uniqueKeys: false,
  customTags: (tags: Tags): Tags =>
    tags
      .filter((tag) => typeof tag === 'string' || !/timestamp|intTime|floatTime/.test(`${tag.tag} ${tag.format ?? ''}`))
      .filter((tag) => typeof tag === 'string' || tag.format !== 'TIME'),
} as const

/** Limits the nesting depth: the parser does not recurse, but the composer does. */
function* tokensOf(text: string, lines: LineCounter): ReturnType<Parser['parse']> {
  lines.addNewLine(0)
  const parser = new Parser(lines.addNewLine)
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > maxDepth) throw new Error(exceededDepth)
  }
  yield* parser.end()
}

/** Limits the size and depth of a value with its aliases expanded. @throws Error when either is exceeded */
function checkAliased(value: unknown): void {
  const known = new Map<object, Extent>()
  const extentOf = (part: unknown): Extent => {
    if (typeof part === 'string') return { size: part.length, depth: 0 }
    if (typeof part !== 'object' || part === null) return { size: 1, depth: 0 }
    const before = known.get(part)
    if (before) return before
    const extent = { size: 1, depth: 0 }
    for (const [key, item] of Object.entries(part)) {
      const { size, depth } = extentOf(item)
      extent.size += key.length + 1 + size
      extent.depth = Math.max(extent.depth, depth + 1)
    }
    known.set(part, extent)
    return extent
  }
  const { size, depth } = extentOf(value)
  if (depth > maxDepth) throw new Error(exceededDepth)
  if (size > maxExpandedSize) throw new Error('document contains excessive aliasing')
}

/** Size in characters and depth in levels of a value when expanded. */
interface Extent {
  size: number
  depth: number
}

const maxExpandedSize = 3 * 1024 * 1024

function addRepeats(pairs: readonly Pair[], lines: LineCounter, found: string[]): void {
  const seen = new Set<unknown>()
  for (const { key } of pairs) {
    if (!isScalar(key) || key.value === '<<') continue
    if (seen.has(key.value))
      found.push(`line ${lines.linePos(key.range?.[0] ?? 0).line}: key ${JSON.stringify(key.value)} already set in map`)
    seen.add(key.value)
  }
}

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return ` at line ${line}, column ${col}`
}
