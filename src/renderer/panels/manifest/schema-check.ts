import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { t } from '../../texts/index.ts'
import { readManifests, type Manifest } from './documents.ts'
import { spanOf } from './fields.ts'
import type { Problem } from './problems.ts'
import { settle, type Schema, type SchemaSource } from './schema.ts'

/** What the schemas of the cluster say against a text: unknown fields, values of a wrong type, words that are none. */
export const checkSchema = (text: string, schemas: SchemaSource): Problem[] =>
  readManifests(text).manifests.flatMap((manifest) => checkManifest(manifest, schemas))

/** What the schema of its kind says against one object; nothing where the schema is not known. */
export function checkManifest(
  { document, at, object }: Pick<Manifest, 'document' | 'at' | 'object'>,
  schemas: SchemaSource,
): Problem[] {
  const known = schemas.known(object.apiVersion ?? '', object.kind ?? '')
  if (!known) return []
  const { root, all } = known
  const found: Problem[] = []
  const node = at.length > 0 ? document.getIn(at, true) : document.contents
  visit(node, root, '')
  return found

  function say(node: unknown, field: string, message: string, severity: Problem['severity'] = 'error'): void {
    const span = spanOf(node)
    if (span) found.push({ severity, source: 'schema', message, field, ...span })
  }

  function visit(node: unknown, given: Schema | undefined, field: string): void {
    const schema = settle(given, all)
    if (!node || !schema) return
    if (isMap(node)) {
      if (schema.type && schema.type !== 'object') say(firstOf(node), field, wrongType(schema.type, 'map'))
      else visitMap(node.items, node, schema, field)
    } else if (isSeq(node)) {
      if (schema.type && schema.type !== 'array') say(firstOf(node), field, wrongType(schema.type, 'list'))
      else for (const [index, item] of node.items.entries()) visit(item, schema.items, `${field}[${index}]`)
    } else if (isScalar(node) && node.value !== null) visitScalar(node, schema, field)
  }

  function visitMap(pairs: readonly Pair[], node: Node, schema: Schema, field: string): void {
    const open =
      schema.additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] || !schema.properties
    const keys = pairs.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []))
    for (const pair of pairs) {
      if (!isScalar(pair.key)) continue
      const key = String(pair.key.value)
      const at = field ? `${field}.${key}` : key
      const property = schema.properties?.[key]
      const others = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
      if (!property && !open) say(pair.key, at, unknownField(key, Object.keys(schema.properties ?? {})))
      visit(pair.value, property ?? others, at)
    }
    const lacking = (schema.required ?? []).filter((key) => !keys.includes(key))
    if (lacking.length > 0)
      say(firstOf(node), field, t('editor.check.lacks', { fields: lacking.join(', ') }), 'warning')
  }

  function visitScalar(node: Node & { value: unknown }, schema: Schema, field: string): void {
    const message = scalarMistake(node, schema)
    if (message !== undefined) say(node, field, message)
  }
}

/** What is wrong with a single value. */
function scalarMistake(node: Node & { value: unknown; source?: string }, schema: Schema): string | undefined {
  const { value } = node
  const type = schema.type ?? ''
  if (type === 'object' || type === 'array') return wrongType(type, 'value')
  if (isIntOrString(schema) || schema.named?.endsWith('.Quantity') || schema.oneOf || schema.anyOf) return undefined
  if (type === 'string' && typeof value !== 'string') return t('editor.check.quote', { value: node.source ?? '' })
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  const isWhole = typeof value === 'bigint' || Number.isInteger(value)
  const isWrong =
    (type === 'number' && !isNumber) ||
    (type === 'integer' && !isWhole) ||
    (type === 'boolean' && typeof value !== 'boolean')
  return isWrong ? t('editor.check.not.this', { wanted: typeName(type), value: String(value) }) : bounds(schema, value)
}

const isIntOrString = (schema: Schema): boolean =>
  schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true

/** A map or list is marked at its first key or item alone. */
function firstOf(node: unknown): unknown {
  if (isMap(node)) return node.items[0]?.key ?? node
  if (isSeq(node)) return isMap(node.items[0]) ? firstOf(node.items[0]) : (node.items[0] ?? node)
  return node
}

function bounds(schema: Schema, value: unknown): string | undefined {
  if (schema.enum && !schema.enum.includes(value))
    return t('editor.check.oneOf', { value: String(value), values: schema.enum.map(String).join(', ') })
  if (typeof value === 'string') {
    if (schema.maxLength !== undefined && value.length > schema.maxLength)
      return t('editor.check.longer', { limit: schema.maxLength })
    if (schema.minLength !== undefined && value.length < schema.minLength)
      return t('editor.check.shorter', { limit: schema.minLength })
    if (schema.pattern !== undefined && matches(schema.pattern, value) === false)
      return t('editor.check.pattern', { pattern: schema.pattern })
  }
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number') return undefined
  if (schema.minimum !== undefined && number < schema.minimum)
    return t('editor.check.below', { limit: String(schema.minimum) })
  if (schema.maximum !== undefined && number > schema.maximum)
    return t('editor.check.above', { limit: String(schema.maximum) })
  return undefined
}

/** Undefined for a pattern of another dialect: Kubernetes' is RE2. A long value is the server's to match. */
function matches(pattern: string, value: string): boolean | undefined {
  if (value.length > 1_000) return undefined
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    return undefined
  }
}

const wrongType = (type: string, is: 'map' | 'list' | 'value'): string =>
  t(`editor.check.not.${is}`, { wanted: typeName(type) })

function typeName(type: string): string {
  const names: Record<string, string> = {
    array: t('editor.check.list'),
    object: t('editor.check.map'),
    string: t('editor.check.text'),
    integer: t('editor.check.integer'),
    number: t('editor.check.number'),
    boolean: t('editor.check.boolean'),
  }
  return names[type] ?? type
}

/** Names the field that was probably meant. */
function unknownField(key: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: distance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near && near.distance <= Math.max(2, key.length / 4)
    ? t('editor.check.meant', { key, near: near.name })
    : t('editor.check.unknown', { key })
}

/** Edits between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length] ?? 0
}
