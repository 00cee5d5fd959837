import type { Environment } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { jsonEqual } from '#shared/kube/json.ts'

type Comparable = bigint | number | string

/** Kubernetes' list library and CEL's sets: `isSorted`, `sum`, `min`, `max`, `indexOf`, `sets.contains` … */
export function registerLists(environment: Environment): void {
  environment
    .registerFunction('list.isSorted(): bool', (list: Comparable[]) =>
      list.every((item, i) => i === 0 || (list[i - 1] as Comparable) <= item),
    )
    .registerFunction('list.sum(): dyn', (list: Comparable[]) => sum(list))
    .registerFunction('list.min(): dyn', (list: Comparable[]) => extreme(list, 'min', (a, b) => a < b))
    .registerFunction('list.max(): dyn', (list: Comparable[]) => extreme(list, 'max', (a, b) => a > b))
    .registerFunction('list.indexOf(dyn): int', (list: unknown[], value: unknown) =>
      BigInt(list.findIndex((item) => same(item, value))),
    )
    .registerFunction('list.lastIndexOf(dyn): int', (list: unknown[], value: unknown) =>
      BigInt(list.findLastIndex((item) => same(item, value))),
    )
    .registerFunction('list.distinct(): list', (list: unknown[]) =>
      list.filter((item, i) => list.findIndex((other) => same(other, item)) === i),
    )
    .registerFunction('list.reverse(): list', (list: unknown[]) => [...list].reverse())
    .registerFunction('list.slice(int, int): list', (list: unknown[], from: bigint, to: bigint) =>
      list.slice(Number(from), Number(to)),
    )
    .registerFunction('list.sort(): list', (list: Comparable[]) =>
      [...list].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    )
    .registerFunction('list.flatten(): list', (list: unknown[]) => list.flat())
    .registerFunction('list.flatten(int): list', (list: unknown[], depth: bigint) => flatten(list, Number(depth)))
  environment
    .registerType('lists', Lists)
    .registerConstant('lists', 'lists', new Lists())
    .registerFunction('lists.range(int): list<int>', (_: Lists, size: bigint) => range(size))
  environment
    .registerType('sets', Sets)
    .registerConstant('sets', 'sets', new Sets())
    .registerFunction('sets.contains(list, list): bool', (_: Sets, all: unknown[], some: unknown[]) => holds(all, some))
    .registerFunction(
      'sets.equivalent(list, list): bool',
      (_: Sets, a: unknown[], b: unknown[]) => holds(a, b) && holds(b, a),
    )
    .registerFunction('sets.intersects(list, list): bool', (_: Sets, a: unknown[], b: unknown[]) =>
      a.some((item) => b.some((other) => same(item, other))),
    )
}

/** Represents the namespace before the dot. */
class Lists {
  readonly name = 'lists'
}

/** Items of the longest list that `lists.range` makes. */
const longestRange = 2_000

/** @throws Error for a list that is too long */
function range(size: bigint): bigint[] {
  if (size > longestRange) throw new Error(`lists.range: size exceeds ${longestRange}`)
  return Array.from({ length: Math.max(0, Number(size)) }, (_, i) => BigInt(i))
}

/** @throws Error for a negative depth */
function flatten(list: readonly unknown[], depth: number): unknown[] {
  if (depth < 0) throw new Error('level must be non-negative')
  return list.flat(depth as 1)
}

/** Represents the namespace before the dot. */
class Sets {
  readonly name = 'sets'
}

const holds = (all: readonly unknown[], some: readonly unknown[]): boolean =>
  some.every((item) => all.some((other) => same(item, other)))

/** CEL's `==` of list items: numbers of different types compare by value. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isNumber(a) && isNumber(b)) return Number(a) === Number(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Date || a instanceof Duration) return a.constructor === b.constructor && a.valueOf() === b.valueOf()
  return jsonEqual(a, b)
}

const isNumber = (value: unknown): boolean => typeof value === 'bigint' || typeof value === 'number'

function sum(list: readonly Comparable[]): unknown {
  if (list.length === 0) return 0n
  return list.slice(1).reduce<unknown>(plus, list[0])
}

const plus = (total: unknown, item: unknown): unknown =>
  total instanceof Duration ? total.addDuration(item as Duration) : (total as bigint) + (item as bigint)

function extreme(
  list: readonly Comparable[],
  name: string,
  better: (a: Comparable, b: Comparable) => boolean,
): unknown {
  const [first, ...rest] = list
  if (first === undefined) throw new Error(`${name} called on empty list`)
  return rest.reduce((best, item) => (better(item, best) ? item : best), first)
}
