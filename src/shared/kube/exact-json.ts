/**
 * JSON with 64-bit integers, which Kubernetes' fields have and JavaScript's numbers lack: integers beyond 2^53 are
 * bigints, and `JSON.stringify` writes them as digits. All others stay numbers. Where the engine does not pass a
 * number's source text to the reviver (V8 does from Node 21 and Chrome 114 on), long integers are parsed as numbers.
 */
export function parseExact(text: string): unknown {
  return mayHaveLong(text) ? JSON.parse(text, keepLong as Reviver) : JSON.parse(text)
}

/** Whether a text has an integer that may exceed the range of a number; JSON or YAML. */
export const mayHaveLong = (text: string): boolean => manyDigits.test(text) && longInteger.test(text)

/** A single-character search first: it looks at a sixteenth of the characters. */
const manyDigits = /\d{16}/
const longInteger = /(?:^|[:,[\s])[-+]?\d{16,}/

/**
 * The integer as number or, when a number cannot hold it, as bigint; beyond 64 bits it is a float, as in Kubernetes.
 */
export function exactInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) || BigInt.asIntN(64, value) !== value ? number : value
}

type Reviver = (key: string, value: unknown) => unknown

function keepLong(_key: string, value: unknown, context: { source?: string } | undefined): unknown {
  const source = context?.source
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return source !== undefined && /^-?\d+$/.test(source) ? exactInteger(BigInt(source)) : value
}

// A replacer would avoid changing a prototype, but makes every serialization several times slower.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  value(this: bigint) {
    const { rawJSON } = JSON as unknown as { rawJSON?(text: string): unknown }
    return rawJSON ? rawJSON(this.toString()) : Number(this)
  },
})
