import { Optional } from '@marcbachmann/cel-js'
import { exactInteger } from '#shared/kube/exact-json.ts'
import { markHolder, markUnordered } from './unordered.ts'

/** Converts between JSON and CEL: CEL's integers have 64 bits, and JSON does not distinguish integers from doubles. */

/** What a schema adds to JSON values. */
export interface Hints {
  /** The schema of a property; undefined when unknown. */
  property(name: string): Hints | undefined
  /** The schema of list items or map values. */
  items(): Hints | undefined
  /** Whether a number without a fraction is a double (`type: number`). */
  readonly isDouble: boolean
  /** The keys of the items of a list whose order does not count; none for a set. */
  readonly unordered?: readonly string[] | undefined
  /** The escaped name of a declared property. */
  nameOf(property: string): string
  /** The CEL value of a string of the schema's format. */
  readonly ofString?: ((text: string) => unknown) | undefined
}

/** Converts a JSON value to CEL. The argument is not changed. */
export function toCel(value: unknown, hints?: Hints): unknown {
  if (typeof value === 'bigint' && hints?.isDouble) return Number(value)
  if (typeof value === 'number') return Number.isInteger(value) && !hints?.isDouble ? BigInt(value) : value
  if (typeof value === 'string') return hints?.ofString ? hints.ofString(value) : value
  if (Array.isArray(value)) {
    const items = hints?.items()
    const list = value.map((item) => toCel(item, items))
    if (hints?.unordered) markUnordered(list, hints.unordered)
    else if (hints) markHolder(list, list)
    return list
  }
  if (typeof value !== 'object' || value === null || isCelValue(value)) return value
  const out: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value))
    if (name !== '__proto__') out[hints?.nameOf(name) ?? name] = toCel(item, hints?.property(name) ?? hints?.items())
  if (hints) markHolder(out, Object.values(out))
  return out
}

/** Converts a JSON value that may be absent, for a variable of the type `optional<dyn>`. */
export const toOptional = (value: unknown, hints?: Hints): unknown =>
  value === undefined ? Optional.none() : Optional.of(toCel(value, hints))

/** Converts a CEL value to JSON. */
export function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return exactInteger(value)
  if (Array.isArray(value)) return value.map(fromCel)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), fromCel(item)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromCel(item)]))
}

/** Native CEL values: timestamps, durations, quantities. */
const isCelValue = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype !== Object.prototype && prototype !== null
}
