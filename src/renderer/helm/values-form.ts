import { isMap, isScalar, parseDocument, type Document } from 'yaml'
import { exactInteger, mayHaveLong } from '#shared/kube/exact-json.ts'
import { kubectlYaml, toText } from '../panels/manifest/documents.ts'
import { settle, type Schema } from '../panels/manifest/schema.ts'
import { writeField } from '../panels/manifest/text-edits.ts'
import { isSecretName } from './secret-values.ts'
import type { ValuesSchema } from './values-schema.ts'

/** A value of a chart that a form can set: one that is no list and no free map. */
export interface ValueField {
  path: readonly string[]
  description: string
  type: 'text' | 'number' | 'choice'
  /** What may be chosen, as the text has it: a number stays one. */
  options: readonly Plain[]
  /** What the chart takes where nothing is set, as text. */
  preset: string
  isRequired: boolean
  /** It is typed unseen. */
  isSecret: boolean
}

export interface ValuesForm {
  fields: readonly ValueField[]
  /** How many values are lists or free maps, which only the text sets. */
  others: number
}

type Plain = string | number | bigint | boolean

/** Charts nest their values; what is deeper is a part of another chart, or goes in circles. */
const deepest = 6

/** What of a chart's values a form can set, in the order of the chart. */
export function valuesForm({ root, all }: ValuesSchema): ValuesForm {
  const fields: ValueField[] = []
  let others = 0
  const walk = (schema: Schema, path: readonly string[]): void => {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const at = [...path, name]
      const found = settle(property, all) ?? {}
      const isGroup = Object.keys(found.properties ?? {}).length > 0
      const field = isGroup ? undefined : fieldOf(found, at, schema.required?.includes(name) ?? false)
      if (isGroup && at.length < deepest) walk(found, at)
      else if (field) fields.push(field)
      // Every chart has `global`, and few of them use it.
      else if (name !== 'global') others++
    }
  }
  walk(root, [])
  return { fields, others }
}

function fieldOf(schema: Schema, path: readonly string[], isRequired: boolean): ValueField | undefined {
  const { description = '', default: preset } = schema
  const type = schema.type ?? (preset === undefined ? undefined : typeof preset)
  const common = {
    ...{ path, description, isRequired, isSecret: isSecretName(path.at(-1) ?? '') },
    preset: isPlain(preset) ? String(preset) : '',
  }
  if (type === 'boolean') return { ...common, type: 'choice', options: [true, false] }
  if (schema.enum?.every(isPlain)) return { ...common, type: 'choice', options: schema.enum }
  if (type === 'integer' || type === 'number') return { ...common, type: 'number', options: [] }
  return type === 'string' ? { ...common, type: 'text', options: [] } : undefined
}

const isPlain = (value: unknown): value is Plain => ['string', 'number', 'bigint', 'boolean'].includes(typeof value)

/** What a text sets of a form's fields. */
export interface SetValues {
  /** By the key of the field, as text. */
  values: ReadonlyMap<string, string>
  /** Keys of fields in whose place the text has a list, a map or an alias: to write them would take that away. */
  closed: ReadonlySet<string>
}

/** Undefined: the text cannot be read. */
export function readValues(text: string, fields: readonly ValueField[]): SetValues | undefined {
  const document = read(text)
  if (!document) return undefined
  const values = new Map<string, string>()
  const closed = new Set<string>()
  for (const { path } of fields) {
    if (!isOpen(document, path)) {
      closed.add(keyOf(path))
      continue
    }
    const found = document.getIn(path)
    if (isPlain(found)) values.set(keyOf(path), String(found))
  }
  return { values, closed }
}

export const keyOf = (path: readonly string[]): string => path.join('\0')

/** Whether a text can be the value of a field; nothing takes it out of the text. */
export const isValue = ({ type }: ValueField, text: string): boolean =>
  type !== 'number' || text === '' || (text.trim() !== '' && Number.isFinite(Number(text)))

/** The text with another value of a field, or without it where nothing is set; what else it says stays. */
export function writeValue(text: string, field: ValueField, value: string): string {
  const document = read(text)
  if (!document || !isOpen(document, field.path)) return text
  writeField({ document, at: [] }, field.path, value === '' ? undefined : typed(field, value))
  // A map without values would be written as `{}`.
  return isMap(document.contents) && document.contents.items.length === 0 ? remarksOf(text) : toText(document)
}

/** As Helm reads it: to YAML 1.2, `yes` is a text and `0644` is 644. Long integers are read exactly, to be written so. */
function read(text: string): Document.Parsed | undefined {
  const document = parseDocument(text, { ...kubectlYaml, intAsBigInt: mayHaveLong(text) })
  return document.errors.length > 0 ? undefined : document
}

/** Whether maps, or nothing, lead to a field, and it has one value at most. */
function isOpen(document: Document.Parsed, path: readonly string[]): boolean {
  let node: unknown = document.contents
  for (const step of path) {
    if (isEmpty(node)) return true
    if (!isMap(node)) return false
    node = node.get(step, true)
  }
  return isEmpty(node) || isScalar(node)
}

const isEmpty = (node: unknown): boolean =>
  node === undefined || node === null || (isScalar(node) && node.value === null)

const remarksOf = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.trimStart().startsWith('#'))
    .map((line) => `${line}\n`)
    .join('')

function typed({ type, options }: ValueField, value: string): Plain {
  if (type === 'choice') return options.find((option) => String(option) === value) ?? value
  if (type === 'text') return value
  return /^\s*-?\d+\s*$/.test(value) ? exactInteger(BigInt(value)) : Number(value)
}
