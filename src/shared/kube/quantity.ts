/**
 * Kubernetes quantities (`500m`, `128Mi`, `1e3`) as exact numbers. Like Kubernetes, this rounds up beyond nine decimal
 * places.
 */
export interface Quantity {
  /** In billionths, so that `1n` is 1. */
  readonly nano: bigint
  readonly format: QuantityFormat
}

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** The text is not a quantity. */
export class QuantitySyntaxError extends Error {}

/** Kubernetes' message for an invalid quantity. */
export const quantityProblem =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** @throws QuantitySyntaxError */
export function parseQuantity(text: string): Quantity {
  const known = parsed.get(text)
  if (known) return known
  const quantity = parse(text)
  if (!quantity) throw new QuantitySyntaxError(quantityProblem)
  if (parsed.size > 10_000) parsed.clear()
  parsed.set(text, quantity)
  return quantity
}

export const isQuantity = (text: string): boolean => parsed.has(text) || parse(text) !== undefined

/** Cache: objects repeat the same few quantities. */
const parsed = new Map<string, Quantity>()

/** Maximum length in characters: arithmetic on longer numbers is slow. */
const longest = 1_000

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/

function parse(text: string): Quantity | undefined {
  if (text.length > longest) return undefined
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  if (whole === '' && fraction === '') return undefined
  const unit = unitOf(suffix)
  const digits = BigInt(whole + fraction)
  const nano = scaled(digits * unit.factor, unit.exponent + 9 - fraction.length)
  return { nano: sign === '-' ? -nano : nano, format: unit.format }
}

function unitOf(suffix: string): { factor: bigint; exponent: number; format: QuantityFormat } {
  const binary = binarySuffixes.indexOf(suffix)
  if (binary >= 0) return { factor: 1024n ** BigInt(binary + 1), exponent: 0, format: 'BinarySI' }
  const decimal = decimalSuffixes.indexOf(suffix)
  if (decimal >= 0) return { factor: 1n, exponent: decimal * 3 - 9, format: 'DecimalSI' }
  // Excessive exponents are clamped, so that no client can make the server write out all the digits.
  const exponent = Math.min(Math.max(Number(suffix.slice(1)), -maxExponent), maxExponent)
  return { factor: 1n, exponent, format: 'DecimalExponent' }
}

const maxExponent = 100
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']

/** `value` x 10^`exponent`, rounded up to an integer. */
function scaled(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent)
  return divideUp(value, 10n ** BigInt(-exponent))
}

const divideUp = (value: bigint, divisor: bigint): bigint =>
  value % divisor > 0n ? value / divisor + 1n : value / divisor

/** The canonical text: no fractional digits, and the largest suffix that allows it. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0'
  if (format === 'BinarySI' && nano % one === 0n && absolute(nano) >= 1024n * one) return formatBinary(nano / one)
  return formatDecimal(nano, format)
}

const one = 1_000_000_000n
const absolute = (value: bigint): bigint => (value < 0n ? -value : value)

function formatBinary(value: bigint): string {
  let power = 0
  while (power < binarySuffixes.length && value % 1024n === 0n) {
    value /= 1024n
    power++
  }
  return `${value}${binarySuffixes[power - 1] ?? ''}`
}

function formatDecimal(value: bigint, format: QuantityFormat): string {
  let power = 0
  while (power < decimalSuffixes.length - 1 && value % 1000n === 0n) {
    value /= 1000n
    power++
  }
  const exponent = power * 3 - 9
  if (format === 'DecimalExponent') return exponent === 0 ? String(value) : `${value}e${exponent}`
  return `${value}${decimalSuffixes[power] ?? ''}`
}

/** The canonical form of a text, as the API server returns it. @throws QuantitySyntaxError */
export const canonicalQuantity = (text: string): string => formatQuantity(parseQuantity(text))

/** Less than 0 when `a` is smaller. @throws QuantitySyntaxError */
export function compareQuantities(a: string, b: string): number {
  const left = parseQuantity(a).nano
  const right = parseQuantity(b).nano
  return left < right ? -1 : left > right ? 1 : 0
}

/** The sum, in the format of the first operand that is not zero. @throws QuantitySyntaxError */
export function addQuantities(...texts: readonly string[]): string {
  let sum: Quantity = { nano: 0n, format: 'DecimalSI' }
  for (const text of texts) {
    const { nano, format } = parseQuantity(text)
    sum = { nano: sum.nano + nano, format: sum.nano === 0n ? format : sum.format }
  }
  return formatQuantity(sum)
}

/** Whole units, rounded up: bytes of memory, counts. @throws QuantitySyntaxError */
export const quantityValue = (text: string): number => Number(divideUp(parseQuantity(text).nano, one))

/** As a number, which is imprecise beyond 2^53: cores, bytes. @throws QuantitySyntaxError */
export const quantityNumber = (text: string): number => Number(parseQuantity(text).nano) / 1e9

/** Thousandths, rounded up: millicores of CPU. @throws QuantitySyntaxError */
export const quantityMillis = (text: string): number => Number(divideUp(parseQuantity(text).nano, 1_000_000n))

/** Bytes as a quantity: `67108864` is `64Mi`. */
export const bytesQuantity = (bytes: number): string =>
  formatQuantity({ nano: BigInt(Math.round(bytes)) * one, format: 'BinarySI' })

/** Nanocores as a quantity: `1234567` is `1234567n`, `250000000` is `250m`. */
export const nanosQuantity = (nanos: number): string =>
  formatQuantity({ nano: BigInt(Math.round(nanos)), format: 'DecimalSI' })

/** Millicores as a quantity: `1500` is `1500m`, `2000` is `2`. */
export const millisQuantity = (millis: number): string =>
  formatQuantity({ nano: BigInt(Math.round(millis)) * 1_000_000n, format: 'DecimalSI' })
