import { Optional, type Environment } from '@marcbachmann/cel-js'
import { spend } from './cost.ts'
import type { Node } from './nodes.ts'

/**
 * Macros that the library lacks: `optMap` and `optFlatMap` of optionals, and comprehensions with two variables, the
 * first of which is the index or the key: `list.all(i, item, …)`, `map.transformMap(key, value, …)`; and `list.sortBy(item, …)`.
 */
export function registerMacros(environment: Environment): void {
  const macro = (signature: string, expand: (call: Call) => object): void => {
    environment.registerFunction(signature, ((call: Call) => expand(call)) as never)
  }
  macro('optional.optMap(ast, ast): optional<dyn>', (call) => ofOptional(call, false))
  macro('optional.optFlatMap(ast, ast): optional<dyn>', (call) => ofOptional(call, true))
  macro('list.existsOne(ast, ast): bool', (call) => comprehension(call, existsOne))
  macro('list.sortBy(ast, ast): list<dyn>', (call) => comprehension(call, sortBy))
  macro('list.all(ast, ast, ast): bool', (call) => comprehension(call, all))
  macro('list.exists(ast, ast, ast): bool', (call) => comprehension(call, exists))
  macro('list.existsOne(ast, ast, ast): bool', (call) => comprehension(call, existsOne))
  macro('list.exists_one(ast, ast, ast): bool', (call) => comprehension(call, existsOne))
  macro('list.transformList(ast, ast, ast): list<dyn>', (call) => comprehension(call, transformList))
  macro('list.transformList(ast, ast, ast, ast): list<dyn>', (call) => comprehension(call, transformList))
  macro('list.transformMap(ast, ast, ast): map', (call) => comprehension(call, transformMap))
  macro('list.transformMap(ast, ast, ast, ast): map', (call) => comprehension(call, transformMap))
  macro('list.transformMapEntry(ast, ast, ast): map', (call) => comprehension(call, transformMapEntry))
  macro('list.transformMapEntry(ast, ast, ast, ast): map', (call) => comprehension(call, transformMapEntry))
}

interface Call {
  args: Node[]
  receiver: Node
}

/** Variables in scope, as the library keeps them: each comprehension variable opens a nested scope. */
interface Scope {
  forkWithVariable(name: string, type: Type): Scope
  reuse(outer: Scope): Scope
  setIterValue(value: unknown, machine: Machine): Scope
}

interface Type {
  readonly kind: string
  readonly name: string
  readonly keyType?: Type
  readonly valueType?: Type
}

/** The library's checker and evaluator, as passed to macros. */
interface Machine {
  check(node: Node, scope: Scope): Type
  run(node: Node, scope: Scope): unknown
  getType(name: string): Type
  readonly registry: {
    getOptionalType(of: Type): Type
    getListType(of: Type): Type
    getMapType(key: Type, of: Type): Type
  }
  createError(code: string, message: string, node: Node): Error
}

function nameOf(node: Node | undefined): string {
  if (node?.op === 'id') return String(node.args)
  throw new Error('argument must be a simple name')
}

/** `optional.optMap(value, expression)`; the expression of optFlatMap returns an optional itself. */
function ofOptional({ args: [variable, expression], receiver }: Call, flat: boolean): object {
  const name = nameOf(variable)
  let scope: Scope | undefined
  return {
    receiver,
    expression,
    typeCheck(checker: Machine, _: unknown, outer: Scope): Type {
      const type = checker.check(receiver, outer)
      if (type.kind !== 'optional' && type.kind !== 'dyn')
        throw checker.createError('optional_expected', `${type.name} is not an optional`, receiver)
      scope = outer.forkWithVariable(
        name,
        type.kind === 'optional' && type.valueType ? type.valueType : checker.getType('dyn'),
      )
      const result = checker.check(expression as Node, scope)
      return flat ? result : checker.registry.getOptionalType(result)
    },
    evaluate(machine: Machine, _: unknown, outer: Scope): unknown {
      const optional = machine.run(receiver, outer)
      if (!(optional instanceof Optional)) throw machine.createError('no_such_overload', 'no such overload', receiver)
      if (!optional.hasValue() || !scope) return Optional.none()
      const value = machine.run(expression as Node, scope.reuse(outer).setIterValue(optional.value(), machine))
      return flat ? value : Optional.of(value)
    },
  }
}

/** One kind of comprehension: how the results of the items are combined, in order. */
interface Kind {
  type(checker: Machine, key: Type, expression: Type): Type
  run(items: Iterable<Item>): unknown
}

interface Item {
  key: unknown
  item: unknown
  /** The value of the last argument for this item. */
  value(): unknown
}

function comprehension({ args, receiver }: Call, kind: Kind): object {
  const hasTwo = args.length > 2
  const names = args.slice(0, hasTwo ? 2 : 1).map(nameOf)
  const expressions = args.slice(names.length)
  const expression = expressions.at(-1) as Node
  const filter = expressions.length > 1 ? expressions[0] : undefined
  let scopes: Scope[] = []
  return {
    receiver,
    expressions,
    typeCheck(checker: Machine, _: unknown, outer: Scope): Type {
      const types = entryTypes(checker, receiver, outer)
      const own = hasTwo ? types : [receiver.checkedType?.kind === 'map' ? types[0] : types[1]]
      scopes = []
      for (const [i, type] of own.entries())
        scopes.push((scopes.at(-1) ?? outer).forkWithVariable(names[i] ?? '', type))
      const inner = scopes.at(-1) ?? outer
      if (filter) checker.check(filter, inner)
      return kind.type(checker, types[0], checker.check(expression, inner))
    },
    evaluate(machine: Machine, _: unknown, outer: Scope): unknown {
      const collection = machine.run(receiver, outer)
      const within = (key: unknown, item: unknown): Scope => {
        spend(1)
        const values = hasTwo ? [key, item] : [Array.isArray(collection) ? item : key]
        return scopes.reduce((scope, own, i) => own.reuse(scope).setIterValue(values[i], machine), outer)
      }
      return kind.run(itemsOf(entriesOf(machine, receiver, collection), within, { machine, filter, expression }))
    },
  }
}

function* itemsOf(
  entries: Iterable<[unknown, unknown]>,
  within: (key: unknown, item: unknown) => Scope,
  { machine, filter, expression }: { machine: Machine; filter: Node | undefined; expression: Node },
): Generator<Item> {
  for (const [key, item] of entries) {
    const scope = within(key, item)
    if (!filter || machine.run(filter, scope) === true)
      yield { key, item, value: () => machine.run(expression, within(key, item)) }
  }
}

function entryTypes(checker: Machine, receiver: Node, scope: Scope): [Type, Type] {
  const type = checker.check(receiver, scope)
  const dyn = checker.getType('dyn')
  if (type.kind === 'list') return [checker.getType('int'), type.valueType ?? dyn]
  if (type.kind === 'map') return [type.keyType ?? dyn, type.valueType ?? dyn]
  if (type.kind === 'dyn') return [dyn, dyn]
  throw checker.createError('invalid_comprehension_range', `${type.name} cannot be range of a comprehension`, receiver)
}

function entriesOf(machine: Machine, receiver: Node, collection: unknown): Iterable<[unknown, unknown]> {
  if (Array.isArray(collection)) return collection.map((item: unknown, i) => [BigInt(i), item])
  if (collection instanceof Map) return collection as Map<unknown, unknown>
  if (typeof collection === 'object' && collection !== null) return Object.entries(collection)
  throw machine.createError('no_such_overload', 'no such overload', receiver)
}

const bool = (checker: Machine): Type => checker.getType('bool')

/** One item may decide the result, even when others fail. */
const decidedBy = (decisive: boolean): Kind => ({
  type: bool,
  run(items) {
    let failure: Error | undefined
    for (const { value } of items) {
      try {
        if (value() === decisive) return decisive
      } catch (error) {
        failure ??= error as Error
      }
    }
    if (failure) throw failure
    return !decisive
  },
})

const all = decidedBy(false)
const exists = decidedBy(true)

const existsOne: Kind = {
  type: bool,
  run(items) {
    let count = 0
    for (const { value } of items) if (value() === true) count++
    return count === 1
  },
}

const transformList: Kind = {
  type: (checker, _, of) => checker.registry.getListType(of),
  run: (items) => Array.from(items, ({ value }) => value()),
}

const sortBy: Kind = {
  type: (checker) => checker.registry.getListType(checker.getType('dyn')),
  run: (items) =>
    Array.from(items, ({ item, value }) => ({ item, by: value() as bigint | number | string }))
      .sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0))
      .map(({ item }) => item),
}

const transformMap: Kind = {
  type: (checker, key, of) => checker.registry.getMapType(key, of),
  run: (items) => Object.fromEntries(Array.from(items, ({ key, value }) => [String(key), value()])),
}

const transformMapEntry: Kind = {
  type: (_, __, of) => of,
  run(items) {
    const out: Record<string, unknown> = {}
    for (const { value } of items)
      for (const [key, item] of Object.entries(value() as object)) {
        if (Object.hasOwn(out, key)) throw new Error(`insert failed: key '${key}' already exists`)
        out[key] = item
      }
    return out
  },
}
