import { parseAllDocuments, type Document } from 'yaml'
import { nestsTooDeep } from './yaml-depth.ts'

/**
 * Whether a text may contain data of a Secret, in any notation: JSON, flow or block YAML, tags, escapes, anchors,
 * lists, several documents, text inside strings, comments. Text that cannot be parsed is judged by its characters.
 * Drafts are plain files, so a draft that may contain such data is not stored.
 */
export function mayHoldSecret(text: string): boolean {
  const candidates = text.length > costlySize ? documentsThatSpellSecret(text) : [text]
  if (candidates.reduce((sum, { length }) => sum + length, 0) > costlySize) return true
  return candidates.some((each) => readDocuments(each).some(mayBeSecret) || commentBlocks(each).some(embedsSecret))
}

/** Limit of parsed characters: they take about half a second, in the process that also serves the clusters. */
const costlySize = 200_000

/** Anchors are local to a document, so a document that cannot spell "Secret" need not be parsed. */
const documentsThatSpellSecret = (text: string): string[] => text.split(/^---(?=\s|$)/m).filter(canSpellSecret)

/** The ways to write "Secret": literally, by escapes, or as `!!binary`. */
const canSpellSecret = (text: string): boolean => /secret|stringdata|\\|!|%tag/i.test(text)

/** A document of a text. `value` is unset when it cannot be parsed; maps are `Map`, so that no key is lost. */
interface Read {
  text: string
  value?: { of: unknown }
}

function readDocuments(text: string): Read[] {
  if (nestsTooDeep(text)) return [{ text }]
  let documents: Document[]
  try {
    // Kubernetes reads YAML 1.1, which has merge keys and `!!binary`.
    const parsed = parseAllDocuments(text, { version: '1.1', uniqueKeys: true, logLevel: 'silent' })
    documents = Array.isArray(parsed) ? parsed : []
  } catch {
    return [{ text }]
  }
  return documents.map((document) => {
    if (document.errors.length > 0) return { text }
    try {
      return { text, value: { of: document.toJS({ mapAsMap: true, maxAliasCount: 1_000 }) as unknown } }
    } catch {
      return { text }
    }
  })
}

/** A document that is not a complete object of another kind may be an unfinished Secret. */
function mayBeSecret({ text, value }: Read): boolean {
  if (!value) return looksUnfinished(text)
  if (value.of === null || value.of === undefined) return false
  if (containsSecret(value.of, 0)) return true
  return !isOtherKind(value.of) && looksUnfinished(text)
}

/** For text that cannot be parsed: whether it mentions Secrets, or has data of an unknown kind. */
function looksUnfinished(text: string): boolean {
  const plain = unescaped(text)
  return /secr|stringdata|!binary|2002:binary/i.test(plain) || (/\bdata\b/.test(plain) && !/\bkind\b/.test(plain))
}

const unescaped = (text: string): string =>
  text
    .replace(/\\\r?\n\s*/g, '')
    .replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/gi, (_, x?: string, u?: string, long?: string) =>
      String.fromCodePoint(Math.min(parseInt(x ?? u ?? long ?? '0', 16), 0x10ffff)),
    )

/** Fields that name a Secret and contain none of its data. */
const referenceFields = new Set([
  'apigroup',
  'apiversion',
  'blockownerdeletion',
  'controller',
  'fieldpath',
  'group',
  'key',
  'kind',
  'name',
  'namespace',
  'resourceversion',
  'uid',
])
/** Levels of text inside strings that are checked. */
const maxNesting = 4

/** Whether a value contains a Secret, including in text inside its strings. */
function containsSecret(value: unknown, nesting: number): boolean {
  if (typeof value === 'string') return nesting < maxNesting && embedsSecret(value, nesting + 1)
  if (Array.isArray(value)) return value.some((item) => containsSecret(item, nesting))
  if (!(value instanceof Map)) return false
  const fields = new Map([...value].map(([key, field]) => [textOf(key).toLowerCase(), field as unknown]))
  if (fields.has('stringdata')) return true
  if (
    /^secret(list)?$/i.test(textOf(fields.get('kind'))) &&
    [...fields.keys()].some((key) => !referenceFields.has(key))
  )
    return true
  const items = fields.get('items')
  if (Array.isArray(items) && items.some(isUnnamedData)) return true
  return [...value].some(([key, field]) => containsSecret(key, nesting) || containsSecret(field, nesting))
}

/** Data without a kind: possibly an item of a SecretList. */
const isUnnamedData = (value: unknown): boolean => value instanceof Map && value.has('data') && !isOtherKind(value)

/** Whether a string that may contain a manifest, such as the annotation of `kubectl apply`, contains a Secret. */
function embedsSecret(text: string, nesting = 1): boolean {
  if (!canSpellSecret(text)) return false
  return readDocuments(text).some(({ value }) =>
    value ? value.of !== text && containsSecret(value.of, nesting) : namesSecretKind(text),
  )
}

const namesSecretKind = (text: string): boolean => /\bkind\W{1,10}secret\b|\bstringdata\b/i.test(unescaped(text))

/** Commented-out lines, each block uncommented. */
function commentBlocks(text: string): string[] {
  const blocks: string[][] = [[]]
  for (const line of text.split('\n')) {
    const comment = /^\s*#+ ?(.*)$/.exec(line)
    if (comment) blocks.at(-1)?.push(comment[1] ?? '')
    else if (blocks.at(-1)?.length !== 0) blocks.push([])
  }
  return blocks.filter((block) => block.length > 0).map((block) => block.join('\n'))
}

/** Whether this is an object whose kind is completely written and not Secret. */
function isOtherKind(value: unknown): boolean {
  const kind = value instanceof Map ? textOf(value.get('kind')) : ''
  return kind !== '' && !'secret'.startsWith(kind.toLowerCase())
}

/** The text of a scalar. `!!binary` is text to Go's parser. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1').trim()
  return typeof value === 'string' ? value.trim() : ''
}
