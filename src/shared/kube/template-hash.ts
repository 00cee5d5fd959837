import { podTemplateFields } from './generated/pod-template-fields.ts'
import type { PodTemplateSpec } from './generated/types.ts'
import { parseQuantity } from './quantity.ts'

/**
 * The hash of a pod template in the names of ReplicaSets and of DaemonSets' revisions: FNV-1a of what Go prints of the template
 * (`%#v` by spew, with sorted keys), so that it is the one that Kubernetes v1.36 computes.
 */
export function podTemplateHash(template: PodTemplateSpec | undefined, collisionCount = 0): string {
  const hash = fnv1a(utf8.encode(printed(template, 'v1.PodTemplateSpec')))
  if (collisionCount === 0) return safeText(hash)
  const count = new Uint8Array(8)
  new DataView(count.buffer).setUint32(0, collisionCount, true)
  return safeText(fnv1a(count, hash))
}

/** The hash of a revision's data in the names of StatefulSets' revisions: FNV-1 of its JSON, as Go writes it, and of the count. */
export function revisionHash(data: Record<string, unknown>, collisionCount = 0): string {
  return safeText(fnv1(utf8.encode(goJson(data) + String(collisionCount))))
}

const utf8 = new TextEncoder()
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

function fnv1a(bytes: Uint8Array, from = offsetBasis): number {
  let hash = from
  for (const byte of bytes) hash = Math.imul(hash ^ byte, prime) >>> 0
  return hash
}

function fnv1(bytes: Uint8Array): number {
  let hash = offsetBasis
  for (const byte of bytes) hash = (Math.imul(hash, prime) ^ byte) >>> 0
  return hash
}

/** Decimal digits as characters that spell no words: `0` to `9` are `4` to `9`, then `b` to `f` without the vowel. */
const safeText = (hash: number): string =>
  Array.from(String(hash), (digit) => '456789bcdf'[Number(digit)] ?? '').join('')

/** JSON with sorted keys in which the characters that mean something to HTML are escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

interface GoField {
  go: string
  /** Empty for embedded structs. */
  json: string
  type: string
}

let structs: Map<string, readonly GoField[]> | undefined

const fieldsOf = (type: string): readonly GoField[] | undefined => (structs ??= parseStructs()).get(type)

function parseStructs(): Map<string, readonly GoField[]> {
  const lines = podTemplateFields.trim().split('\n')
  return new Map(
    lines.map((line) => {
      const [type = '', ...fields] = line.split(' ')
      return [type, fields.map(fieldOf)] as const
    }),
  )
}

function fieldOf(text: string): GoField {
  const [go = '', json = '', type = ''] = text.split('=')
  return { go, json, type }
}

function printed(value: unknown, type: string): string {
  if (!type.startsWith('*')) return `(${type})${plain(value, type)}`
  return `(${type})${isAbsent(value) ? '<nil>' : plain(value, type.slice(1))}`
}

const isAbsent = (value: unknown): value is undefined | null => value === undefined || value === null

const textOf = (value: unknown, zero: string): string => {
  if (typeof value === 'string') return value
  return isAbsent(value) ? zero : JSON.stringify(value)
}

/** A value without its type, as elements of lists and maps are printed. */
function plain(value: unknown, type: string): string {
  if (type.startsWith('[]')) return list(value, type.slice(2))
  if (type.startsWith('map[string]')) return map(value, type.slice('map[string]'.length))
  const special = specials[type]
  if (special) return special(value)
  const fields = fieldsOf(type)
  return fields ? struct(value, fields) : textOf(value, '')
}

function struct(value: unknown, fields: readonly GoField[]): string {
  const members = isRecord(value) ? value : {}
  return `{${fields.map(({ go, json, type }) => `${go}:${printed(json === '' ? members : members[json], type)}`).join(' ')}}`
}

/** Empty lists and maps are nil: they come out of protobuf. */
const list = (value: unknown, type: string): string =>
  Array.isArray(value) && value.length > 0 ? `[${value.map((item) => plain(item, type)).join(' ')}]` : '<nil>'

function map(value: unknown, type: string): string {
  const keys = isRecord(value) ? Object.keys(value).sort() : []
  if (!isRecord(value) || keys.length === 0) return '<nil>'
  return `map[${keys.map((key) => `${key}:${plain(value[key], type)}`).join(' ')}]`
}

const specials: Record<string, ((value: unknown) => string) | undefined> = {
  int32: (value) => textOf(value, '0'),
  int64: (value) => textOf(value, '0'),
  bool: (value) => textOf(value, 'false'),
  'v1.ResourceList': (value) => map(value, 'resource.Quantity'),
  'resource.Quantity': (value) => quantity(typeof value === 'string' ? value : '0'),
  'intstr.IntOrString': (value) =>
    typeof value === 'string'
      ? `{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)${value}}`
      : `{Type:(intstr.Type)0 IntVal:(int32)${textOf(value, '0')} StrVal:(string)}`,
  // A time that is set prints with the zone's data, which differs between machines.
  'v1.Time': (value) =>
    isAbsent(value)
      ? '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}'
      : `{Time:(time.Time)${textOf(value, '')}}`,
}

const canonical = /^(-?)(\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e-?\d+)?$/
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']

/**
 * A quantity as it is after parsing: a number with a scale, or where the number is too long for that, a decimal. The text is kept
 * where parsing saw that it is canonical, which it does not see of binary ones whose number is a multiple of eight.
 */
function quantity(text: string): string {
  const { format, nano } = parseQuantity(text)
  const [, sign = '', digits = '', suffix = ''] = canonical.exec(text) ?? []
  const power = binarySuffixes.indexOf(suffix) + 1
  const scale =
    format === 'BinarySI'
      ? 0
      : format === 'DecimalSI'
        ? decimalSuffixes.indexOf(suffix) * 3 - 9
        : Number(suffix.slice(1))
  const places = format === 'BinarySI' ? 14 - power * 3 : 18
  if (digits.length > places) return amount({ decimal: nano, kept: '', format })
  const number = text === '0' ? 0n : BigInt(digits) * 1024n ** BigInt(power)
  const isKept =
    text === '0' || (format === 'BinarySI' ? BigInt(digits) % 8n !== 0n : scale % 3 === 0 && !/^0|000$/.test(digits))
  return amount({ value: sign === '-' ? -number : number, scale, kept: isKept ? text : '', format })
}

function amount(of: { value?: bigint; scale?: number; decimal?: bigint; kept: string; format: string }): string {
  const { value = 0n, scale = 0, decimal, kept, format } = of
  const digits = `i:(resource.int64Amount){value:(int64)${value} scale:(resource.Scale)${scale}}`
  const long =
    decimal === undefined
      ? '(*inf.Dec)<nil>'
      : `(*inf.Dec){unscaled:(big.Int){neg:(bool)${decimal < 0n} abs:(big.nat)[${words(decimal).join(' ')}]} scale:(inf.Scale)9}`
  return `{${digits} d:(resource.infDecAmount){Dec:${long}} s:(string)${kept} Format:(resource.Format)${format}}`
}

/** The magnitude in words of 64 bits, the lowest first. */
function words(value: bigint): bigint[] {
  const all: bigint[] = []
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 64n) all.push(BigInt.asUintN(64, rest))
  return all
}
