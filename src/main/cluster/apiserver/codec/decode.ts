import { goTimeProblem } from '#shared/kube/go-text.ts'
import { canonicalQuantity, isQuantity } from '#shared/kube/quantity.ts'
import { anyType, type TypeNode } from '#shared/kube/patch/type-node.ts'
import { alternativeOf, writtenThoughEmpty, notSchema, schemaGoType } from './json-schema-parts.ts'

/** Findings of decoding other than errors. */
export interface DecodeFindings {
  /** Paths of unknown fields, which have been dropped. */
  unknownFields: string[]
  /** How many keys the value had, to detect duplicates cheaply. */
  keys: number
}

/** A value of the wrong JSON type, with the message of Go's decoder. */
export class TypeMismatch extends Error {
  /** The message of the converter from unstructured content, which strategic patches and apply use. */
  readonly conversion: string

  constructor(message: string, conversion: string) {
    super(message)
    this.conversion = conversion
  }
}

/**
 * Converts a parsed body to the shape of its type, in place, as decoding into Go structs does: removes unknown fields,
 * nulls and the empty values that Go never writes, fills in those that it always writes, turns numeric quantities into
 * strings. @param sparse keeps empty values and nulls and adds none, and leaves values of wrong types alone: an apply
 * configuration is no object yet @param wrapping cuts integers to their lowest 32 bits where the type has no more, as the
 * conversion of unstructured content does @throws TypeMismatch
 */
export function conform(value: unknown, type: TypeNode, { sparse = false, wrapping = false } = {}): DecodeFindings {
  const findings: Findings = { unknownFields: [], keys: 0, sparse, wrapping, root: type }
  conformStruct(value as Record<string, unknown>, type, '', findings)
  return findings
}

type Fields = Record<string, unknown>
type Findings = DecodeFindings & { sparse: boolean; wrapping: boolean; root: TypeNode }

function conformStruct(object: Fields, type: TypeNode, path: string, findings: Findings): void {
  for (const name in object) {
    findings.keys++
    const field = type.field(name)
    if (field === undefined) {
      if (type.open && name !== '__proto__') {
        countKeys(object[name], findings)
        continue
      }
      findings.unknownFields.push(path === '' ? name : `${path}.${name}`)
      countKeys(object[name], findings)
      if (!findings.sparse) delete object[name]
      continue
    }
    const value = object[name]
    if (value === null) {
      if (!findings.sparse) delete object[name]
    } else if (field.kind === 'scalar') {
      const scalar = conformScalar(value, field, findings.wrapping)
      if (scalar === mismatch) {
        if (findings.sparse) continue
        throw wrongType(value, findings.root, join(path, name))
      }
      if (!scalar && !findings.sparse && type.shape.omitted.has(name)) delete object[name]
      else if (scalar !== value) object[name] = scalar
    } else {
      const alternative = alternativeOf(type, name)
      if (alternative) conformSchemaPart(value, type, join(path, name), findings, alternative)
      else conformComposite(value, field, join(path, name), findings)
      if (!findings.sparse && isEmptyValue(value) && type.shape.omitted.has(name)) delete object[name]
    }
  }
  if (!findings.sparse) fillStruct(object, type)
}

/** Adds the structs that Go writes though they were never set. */
function fillStruct(object: Fields, type: TypeNode): void {
  for (const [name, zero] of type.shape.filled) {
    if (typeof zero !== 'object' || object[name] !== undefined) continue
    object[name] = zeroStruct(type.field(name))
  }
}

/** What Go writes for a struct that nothing was ever set in, but for its scalars. */
export function zeroStruct(type: TypeNode | undefined): Fields {
  const struct: Fields = {}
  if (type?.kind === 'struct') fillStruct(struct, type)
  return struct
}

/** Adds the scalars that Go writes though they were never set, in place: after defaults, which replace zero values. */
export const writeZeros = (value: unknown, type: TypeNode): void =>
  forEachStruct(value, type, (object, { shape }) => {
    for (const [name, zero] of shape.filled) if (typeof zero !== 'object') object[name] ??= zero
  })

/**
 * Adds null to the lists, maps, pointers and times that Go writes as null when they were never set, in place.
 * @param emptied writes empty lists and maps as null, too: protobuf, which Kubernetes stores objects in, does not know them
 */
export const writeNulls = (value: unknown, type: TypeNode, emptied: boolean): void =>
  forEachStruct(value, type, (object, struct) => {
    for (const name of struct.shape.nulls)
      if (object[name] === undefined || (emptied && isEmptyCollection(object[name], struct.field(name))))
        object[name] = null
    if (struct.name === 'JSONSchemaProps') leaveOutEmpty(object, struct, emptied)
  })

const isEmptyCollection = (value: unknown, type: TypeNode | undefined): boolean =>
  (type?.kind === 'list' || type?.kind === 'map') && isEmptyValue(value)

/** Until it is stored a schema has its empty parts, which messages tell. */
function leaveOutEmpty(schema: Fields, type: TypeNode, emptied: boolean): void {
  for (const name in schema) {
    const value = schema[name]
    if (alternativeOf(type, name) && isObject(value)) writeNulls(value, type, emptied)
    if (writtenThoughEmpty.has(name)) continue
    if (value === '' || value === false || (typeof value === 'object' && value !== null && isEmptyValue(value)))
      delete schema[name]
  }
}

function forEachStruct(value: unknown, type: TypeNode, visit: (object: Fields, type: TypeNode) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (type.kind === 'struct') {
    const object = value as Fields
    for (const name in object) {
      const field = type.field(name)
      if (field && isComposite(field)) forEachStruct(object[name], field, visit)
    }
    visit(object, type)
    return
  }
  const { items } = type
  if (!items || !isComposite(items)) return
  for (const item of Object.values(value)) forEachStruct(item, items, visit)
}

const isComposite = ({ kind }: TypeNode): boolean => kind === 'struct' || kind === 'list' || kind === 'map'

function isEmptyValue(value: unknown): boolean {
  for (const _ in value as object) return false
  return true
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

function conformComposite(value: unknown, type: TypeNode, path: string, findings: Findings): void {
  if (findings.sparse && isWrongComposite(value, type)) return
  switch (type.kind) {
    case 'struct':
      if (!isObject(value)) throw wrongType(value, findings.root, path)
      conformStruct(value, type, path, findings)
      break
    case 'map':
      if (!isObject(value)) throw wrongType(value, findings.root, path)
      conformMap(value, type, path, findings)
      break
    case 'list':
      if (!Array.isArray(value)) throw wrongType(value, findings.root, path)
      conformList(value as unknown[], type, path, findings)
      break
    default:
      countKeys(value, findings)
  }
}

/**
 * Reads a part of a JSON schema as Go does: a schema, or what it may be instead; of other types only flags are refused. Nobody is
 * told of unknown fields within.
 */
function conformSchemaPart(
  value: unknown,
  schema: TypeNode,
  path: string,
  outer: Findings,
  alternative: 'boolean' | 'list' | 'names',
): void {
  const findings = { ...outer, unknownFields: [] }
  if (alternative === 'names') {
    if (!isObject(value)) throw wrongType(value, findings.root, path)
    for (const key in value) if (isObject(value[key])) conformStruct(value[key], schema, `${path}.${key}`, findings)
  } else if (isObject(value)) conformStruct(value, schema, path, findings)
  else if (alternative === 'list' && Array.isArray(value))
    conformList(value, { ...anyType, kind: 'list', items: schema }, path, findings)
  else if (alternative === 'boolean' && typeof value !== 'boolean') throw new TypeMismatch(notSchema, notSchema)
  outer.keys = findings.keys
}

function isWrongComposite(value: unknown, { kind }: TypeNode): boolean {
  if (kind === 'list') return !Array.isArray(value)
  return (kind === 'struct' || kind === 'map') && !isObject(value)
}

function conformMap(map: Fields, type: TypeNode, path: string, findings: Findings): void {
  const items = type.items
  for (const key in map) {
    findings.keys++
    // JavaScript would treat this key as the object's prototype; refusing it is better than losing it silently.
    if (key === '__proto__') throw unsupportedKey(path)
    const value = map[key]
    if (items?.kind === 'scalar') {
      // Go decodes a null map value to the zero value of the element.
      if (value === null && findings.sparse) continue
      const scalar = value === null ? zero(items) : conformScalar(value, items, findings.wrapping)
      if (scalar === mismatch && !findings.sparse) throw wrongType(value, findings.root, `${path}{}`)
      if (scalar !== mismatch && scalar !== value) map[key] = scalar
    } else if (items && value !== null) conformComposite(value, items, `${path}.${key}`, findings)
  }
}

function conformList(list: unknown[], type: TypeNode, path: string, findings: Findings): void {
  const items = type.items
  if (!items) return
  for (let i = 0; i < list.length; i++) {
    const value = list[i]
    if (value === null && findings.sparse) continue
    if (items.kind === 'scalar') {
      const scalar = value === null ? zero(items) : conformScalar(value, items, findings.wrapping)
      if (scalar === mismatch && !findings.sparse) throw wrongType(value, findings.root, `${path}[${i}]`)
      if (scalar !== mismatch && scalar !== value) list[i] = scalar
    } else if (items.kind === 'any') continue
    else if (value === null) list[i] = {}
    else conformComposite(value, items, `${path}[${i}]`, findings)
  }
}

const mismatch = Symbol('mismatch')

function conformScalar(value: unknown, type: TypeNode, wrapping: boolean): unknown {
  switch (type.scalar) {
    case 'string':
      return typeof value === 'string' ? value : mismatch
    case 'time':
      return typeof value === 'string' ? canonicalTime(value) : mismatch
    case 'micro-time':
      return typeof value === 'string' ? canonicalMicroTime(value) : mismatch
    case 'bytes':
      return typeof value === 'string' && isBase64(value) ? value : mismatch
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch
    case 'int32':
      return isInt32(value) ? value : wrapping ? lowest32Bits(value) : mismatch
    case 'int64':
      return Number.isSafeInteger(value) || typeof value === 'bigint' ? value : mismatch
    case 'number':
      return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : mismatch
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
        ? canonical(String(value))
        : mismatch
    default:
      return typeof value === 'string' || isInt32(value) ? value : mismatch
  }
}

const isInt32 = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value

const lowest32Bits = (value: unknown): number | typeof mismatch =>
  typeof value === 'bigint' || Number.isInteger(value)
    ? Number(BigInt.asIntN(32, BigInt(value as bigint | number)))
    : mismatch

const secondPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/
const microTimePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})(?:Z|[+-]\d\d:\d\d)$/
const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/

/** Go writes times in UTC and whole seconds; clients often send more. */
function canonicalTime(text: string): string | typeof mismatch {
  if (secondPattern.test(text)) return text
  return timePattern.test(text) ? utc(text, '') : mismatch
}

/** A MicroTime is read and written with exactly six digits of a second. */
function canonicalMicroTime(text: string): string | typeof mismatch {
  const fraction = microTimePattern.exec(text)?.[1]
  return fraction === undefined ? mismatch : utc(text, fraction)
}

function utc(text: string, fraction: string): string | typeof mismatch {
  const time = Date.parse(text)
  if (Number.isNaN(time)) return mismatch
  return `${new Date(Math.floor(time / 1000) * 1000).toISOString().slice(0, 19)}${fraction}Z`
}

/** Go's base64 decoder skips line ends. */
function isBase64(text: string): boolean {
  const letters = text.includes('\n') ? text.replaceAll(/[\r\n]/g, '') : text
  return letters.length % 4 === 0 && base64Pattern.test(letters)
}

const canonicalForms = new Map<string, string | typeof mismatch>()

/** Go writes quantities in canonical form: `0.5` as `500m`. */
function canonical(text: string): string | typeof mismatch {
  let form = canonicalForms.get(text)
  if (form === undefined) {
    form = isQuantity(text) ? canonicalQuantity(text) : mismatch
    if (canonicalForms.size > 2000) canonicalForms.clear()
    canonicalForms.set(text, form)
  }
  return form
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function zero(type: TypeNode): unknown {
  switch (type.scalar) {
    case 'int32':
    case 'int64':
    case 'number':
    case 'int-or-string':
      return 0
    case 'boolean':
      return false
    case 'quantity':
      return '0'
    default:
      return ''
  }
}

function unsupportedKey(path: string): TypeMismatch {
  const message = `${path}: the key "__proto__" is not supported`
  return new TypeMismatch(message, message)
}

/** @param path of the value, as in unknown fields; `{}` behind it stands for a value of the map */
function wrongType(value: unknown, root: TypeNode, path: string): TypeMismatch {
  const { field, type, node } = locate(root, path)
  if (type === 'time.Time' && typeof value === 'string') {
    const problem = goTimeProblem(value, { micro: node?.scalar === 'micro-time' })
    return new TypeMismatch(problem, problem)
  }
  if (type === 'resource.Quantity') {
    const rule = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    return new TypeMismatch(rule, rule)
  }
  // Times are read as texts first.
  if (type === 'time.Time')
    return new TypeMismatch(
      unmarshalError(value, field, 'string'),
      `json: cannot unmarshal ${jsonType(value, 'string')} into Go value of type string`,
    )
  if (type === '[]uint8' && Array.isArray(value) && typeof value[0] === 'string')
    return new TypeMismatch(unmarshalError(value[0], field, 'uint8'), conversionError(value, node))
  if (type === '[]uint8' && typeof value === 'string') {
    const problem = `illegal base64 data at input byte ${firstBadByte(value)}`
    return new TypeMismatch(problem, `error decoding from json: ${problem}`)
  }
  return new TypeMismatch(unmarshalError(value, field, type), conversionError(value, node, type))
}

/** Go's words for a place: the struct and path that hold it, without indexes and keys, and the type of the value. */
function locate(root: TypeNode, path: string): { field: string; type: string; node: TypeNode | undefined } {
  let node: TypeNode | undefined = root
  let struct = root.name
  let type = ''
  const names: string[] = []
  for (const [token] of path.matchAll(/\[\d+\]|\{\}|[^.[{]+/g)) {
    if (token.startsWith('[') || token === '{}' || node?.kind === 'map') {
      type = elementType(type)
      node = node?.name === 'JSONSchemaProps' ? node : node?.items
      continue
    }
    const known = node?.shape.byName.get(token)
    if (node?.name) struct = node.name
    names.push(`${known?.embedded ?? ''}${token}`)
    type = schemaGoType(node, token) ?? known?.goType ?? ''
    if (!node || !alternativeOf(node, token)) node = node?.field(token)
    type ||= goType(node)
  }
  return { field: `${struct}.${names.join('.')}`, type, node }
}

const elementType = (type: string): string =>
  type === 'v1.ResourceList' ? 'resource.Quantity' : type.replace(/^(?:\[\]|map\[[\w.]+\])/, '')

const unmarshalError = (value: unknown, field: string, type: string): string =>
  `json: cannot unmarshal ${jsonType(value, type)} into Go struct field ${field} of type ${type}`

/** Messages of runtime.DefaultUnstructuredConverter. */
function conversionError(value: unknown, node: TypeNode | undefined, type = goType(node)): string {
  const kind = goKind(value)
  if (node?.kind === 'map') return `cannot restore map from ${kind}`
  if (node?.kind === 'list') return `cannot restore slice from ${kind}`
  if (node?.kind === 'struct') return `cannot restore struct from: ${kind}`
  if (node?.scalar === 'int-or-string')
    return `json: cannot unmarshal ${jsonType(value, type)} into Go value of type ${type}`
  const isConvertible = kind.includes('64') && type !== 'bool' && !(kind === 'float64' && type === 'string')
  return isConvertible ? `cannot convert ${kind} to ${type}` : `unrecognized type: ${goType(node)}`
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'object') return 'map'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

function firstBadByte(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/=\r\n]/)
  return bad < 0 ? text.length - (text.length % 4) : bad
}

function jsonType(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array'
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  if (isNumber) return Number.isInteger(value) && !wanted.startsWith('int') ? 'number' : `number ${value}`
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function goType(type: TypeNode | undefined): string {
  switch (type?.kind) {
    case 'list':
      return `[]${goType(type.items)}`
    case 'map':
      return `map[string]${goType(type.items)}`
    case 'struct':
      return `${type.shape.version}.${type.name}`
  }
  switch (type?.scalar) {
    case 'int32':
    case 'int64':
      return type.scalar
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'time':
    case 'micro-time':
      return 'time.Time'
    case 'quantity':
      return 'resource.Quantity'
    case 'bytes':
      return '[]uint8'
    case 'int-or-string':
      return 'int32'
    case 'string':
      return 'string'
    default:
      return type?.name ? `v1.${type.name}` : 'interface {}'
  }
}

function countKeys(value: unknown, findings: DecodeFindings): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) countKeys(item, findings)
    return
  }
  for (const key in value) {
    findings.keys++
    countKeys((value as Fields)[key], findings)
  }
}
