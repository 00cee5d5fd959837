/**
 * Estimated sizes and types of values. Kubernetes estimates the worst case of every rule of a definition, from the largest
 * sizes that its schema allows. A size counts characters, bytes, items or entries, as CEL's `size()` does.
 */

export interface Size {
  readonly min: number
  readonly max: number
}

/** Numbers saturate here, as unsigned integers of 64 bits do. */
export const unbounded = 2 ** 64

/** Where nothing limits a size. */
export const unknownSize: Size = { min: 0, max: unbounded }
export const exactly = (size: number): Size => ({ min: size, max: size })
export const atMost = (size: number): Size => ({ min: 0, max: size })

export const union = (a: Size, b: Size): Size => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })
export const sum = (a: Size, b: Size): Size => ({ min: plus(a.min, b.min), max: plus(a.max, b.max) })
export const product = (a: Size, b: Size): Size => ({ min: times(a.min, b.min), max: times(a.max, b.max) })

/** Sums and products end at `unbounded`, as those of Kubernetes. */
export const plus = (...numbers: readonly number[]): number =>
  Math.min(
    numbers.reduce((total, number) => total + number, 0),
    unbounded,
  )
export const times = (a: number, b: number): number => Math.min(a * b, unbounded)

/** Cost of going through `size` characters or items, rounded up. */
export const traversing = (size: number, factor = perCharacter): number => Math.min(Math.ceil(size * factor), unbounded)

const perCharacter = 0.1
/** For each character of a regular expression: one in four is taken for an expression of its own. */
export const perPatternCharacter = 0.25

/** The static type of a value, as far as costs depend on it. */
export interface ValueType {
  readonly kind: Kind
  /** Type of items, of a map's values, or of what an optional may hold. */
  readonly of?: ValueType
  readonly fields?: Readonly<Record<string, ValueType>>
}

export type Kind =
  | 'bool'
  | 'bytes'
  | 'cidr'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'format'
  | 'int'
  | 'ip'
  | 'list'
  | 'map'
  | 'null'
  | 'object'
  | 'optional'
  | 'quantity'
  | 'semver'
  | 'string'
  | 'timestamp'
  | 'type'
  | 'uint'
  | 'url'

/** The type of a value whose place in a schema is known. */
export interface SizedType extends ValueType {
  /** The largest size; 0 where none is estimated: for objects, numbers and booleans. */
  readonly max: number
  /** Length of its shortest JSON, in bytes. */
  readonly shortest: number
  readonly of?: SizedType
  readonly fields?: Readonly<Record<string, SizedType>>
}

const scalars = new Set<Kind>(['bool', 'double', 'duration', 'int', 'timestamp', 'uint'])

/** Reports whether values of the type all have the size 1. */
export const isScalar = ({ kind, of }: ValueType): boolean =>
  scalars.has(kind) || (kind === 'optional' && of !== undefined && isScalar(of))

/**
 * The size of what a path leads to: a variable's name, followed by names of fields, `@items`, `@keys` and `@values`. Every path
 * starts at `self`, whatever its first element is.
 */
export function sizeAt(self: SizedType, path: readonly string[]): Size | undefined {
  if (path.length === 0) return undefined
  let at: SizedType | undefined = self
  for (const name of path.slice(1)) {
    at = stepInto(at, name)
    if (!at) return undefined
  }
  return atMost(at.max)
}

function stepInto(type: SizedType, name: string): SizedType | undefined {
  switch (name) {
    case '@items':
    case '@values':
      return type.of
    case '@keys':
      return type.kind === 'map' ? mapKey : undefined
    default:
      return type.fields && Object.hasOwn(type.fields, name) ? type.fields[name] : undefined
  }
}

/** Keys are not charged for. */
const mapKey: SizedType = { kind: 'string', max: 0, shortest: 2 }
