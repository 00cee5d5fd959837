import { Optional, type Environment } from '@marcbachmann/cel-js'

/** Functions of CEL's optionals that the library lacks. */
export function registerOptionals(environment: Environment): void {
  environment
    .registerFunction('OptionalNamespace.ofNonZeroValue(A): optional<A>', (_: unknown, value: unknown) =>
      isZero(value) ? Optional.none() : Optional.of(value),
    )
    .registerFunction('OptionalNamespace.unwrap(list): list', (_: unknown, list: unknown[]) => present(list))
    .registerFunction('OptionalNamespace.unwrapEntries(map): map', (_: unknown, map: object) =>
      Object.fromEntries(presentEntries(map)),
    )
    .registerOperator('optional == null', () => false)
    .registerFunction('list.unwrapOpt(): list', present)
    .registerFunction('list<A>.first(): optional<A>', (list: unknown[]) => Optional.of(list[0]))
    .registerFunction('list<A>.last(): optional<A>', (list: unknown[]) => Optional.of(list.at(-1)))
}

/** Unwraps optionals and drops empty ones; other values stay. */
const present = (list: unknown[]): unknown[] =>
  list
    .filter((item) => !(item instanceof Optional) || item.hasValue())
    .map((item): unknown => (item instanceof Optional ? item.value() : item))

const presentEntries = (map: object): [string, unknown][] =>
  Object.entries(map)
    .filter(([, item]) => !(item instanceof Optional) || item.hasValue())
    .map(([key, item]: [string, unknown]) => [key, item instanceof Optional ? item.value() : item])

function isZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return !value
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  if (value instanceof Map) return value.size === 0
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0
}
