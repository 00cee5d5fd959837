import { spend } from './cost.ts'
import { same } from './lists.ts'

/**
 * Lists with `x-kubernetes-list-type` set or map: as in Kubernetes, their order does not count in comparisons, and `+` merges
 * them. Remembered beside the values, which stay arrays.
 */

/** The keys of the items of such a list; none for a set. */
const keysOf = new WeakMap<object, readonly string[]>()
/** Such lists, and values in which there are any. */
const holders = new WeakSet()

/** @param keys of the items; none for a set */
export function markUnordered(list: readonly unknown[], keys: readonly string[]): void {
  keysOf.set(list, keys)
  holders.add(list)
}

/** Takes note of a value in which there may be such lists. */
export function markHolder(value: object, items: readonly unknown[]): void {
  if (items.some(isHolder)) holders.add(value)
}

const isHolder = (value: unknown): boolean => typeof value === 'object' && value !== null && holders.has(value)

/** Whether two values are equal; undefined when neither has such lists. */
export const equalUnordered = (left: unknown, right: unknown): boolean | undefined =>
  isHolder(left) || isHolder(right) ? equal(left, right) : undefined

/** Whether a list has an item; undefined when neither has such lists. */
export const inUnordered = (item: unknown, list: unknown): boolean | undefined =>
  Array.isArray(list) && (isHolder(item) || isHolder(list)) ? list.some((other) => equal(item, other)) : undefined

function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (!isHolder(left) && !isHolder(right)) return same(left, right)
  if (Array.isArray(left) && Array.isArray(right)) return equalLists(left, right)
  if (!isObject(left) || !isObject(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && equal(left[name], right[name]))
  )
}

function equalLists(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false
  const keys = keysOf.get(left) ?? keysOf.get(right)
  if (!keys) return left.every((item, i) => equal(item, right[i]))
  const byIdentity = Map.groupBy(right, (item) => identity(item, keys))
  return left.every((item) => {
    const candidates = byIdentity.get(identity(item, keys)) ?? []
    spend(candidates.length)
    return candidates.some((other) => equal(item, other))
  })
}

/** What `+` makes of such a list and another: items of the other replace those with the same keys, or follow. Undefined for others. */
export function addUnordered(left: unknown, right: unknown): unknown[] | undefined {
  if (!Array.isArray(left) || !Array.isArray(right)) return undefined
  const keys = keysOf.get(left)
  if (!keys) return undefined
  const items = new Map([...(left as unknown[]), ...(right as unknown[])].map((item) => [identity(item, keys), item]))
  const sum = [...items.values()]
  markUnordered(sum, keys)
  return sum
}

/** Items of one list with the same text are the same item; objects in a set have the text of their fields. */
function identity(item: unknown, keys: readonly string[]): string {
  if (!isObject(item)) return `${typeof item} ${String(item)}`
  return (keys.length > 0 ? keys : Object.keys(item).sort())
    .map((key) => `${key} ${identity(item[key], [])}`)
    .join('\n')
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
