import { additionCost, callCost, comparisonCost, membershipCost, type Operand } from './call-costs.ts'
import { celEnvironment } from './environment.ts'
import { plainLiterals } from './literals.ts'
import { isNode, type Node } from './nodes.ts'
import {
  exactly,
  isScalar,
  plus,
  sizeAt,
  times,
  union,
  unknownSize,
  type Size,
  type SizedType,
  type ValueType,
} from './sizes.ts'

/**
 * Estimates the worst-case cost of a valid expression about `self` and `oldSelf`, in the units in which evaluation counts.
 *
 * The rules are those of CEL's and Kubernetes' estimators, whose verdict decides which definitions are accepted: also where they
 * estimate too much or too little.
 */
export function estimateCost(expression: string, self: SizedType): number {
  environment ??= celEnvironment()
  const { ast } = environment.parse(plainLiterals(expression))
  return new Estimation(self).of(ast as unknown as Node).cost
}

let environment: ReturnType<typeof celEnvironment> | undefined

/** What is known of a part of an expression. */
interface Estimate extends Operand {
  /** Cost of the part with everything in it. */
  readonly cost: number
  /** How its value is reached from a variable; empty for computed values. */
  readonly path: readonly string[]
  readonly size?: Size | undefined
  /** Sizes of the entries of computed lists and maps. */
  readonly entry?: Entry | undefined
}

interface Entry {
  readonly isList: boolean
  readonly key: Size
  readonly value: Size
}

type Variable = Omit<Estimate, 'cost'>

const step = 1
const newList = 10
const newMap = 30

const bool: ValueType = { kind: 'bool' }
const int: ValueType = { kind: 'int' }
const dyn: ValueType = { kind: 'dyn' }
const listOf = (of: ValueType): ValueType => ({ kind: 'list', of })

class Estimation {
  readonly #self: SizedType
  readonly #variables = new Map<string, Variable[]>()

  constructor(self: SizedType) {
    this.#self = self
  }

  of(node: Node): Estimate {
    const { op, args } = node
    switch (op) {
      case 'value':
        return literal(args)
      case 'id':
        return this.#identifier(String(args))
      case '.':
        return this.#selection(args as [Node, string])
      case '.?':
        return this.#optionalSelection(args as [Node, string])
      case '[]':
      case '[?]':
        return this.#index(args as [Node, Node], op === '[?]')
      case 'list':
        return this.#list(args as Node[])
      case 'map':
        return this.#map(args as [Node, Node][])
      case '?:':
        return this.#conditional(args as [Node, Node, Node])
      case 'call':
        return this.#call(args as [string, Node[]])
      case 'rcall':
        return this.#methodCall(args as [string, Node, Node[]])
      case '!_':
        return this.#computed(plus(this.of(args as Node).cost, step), bool)
      case '-_': {
        const operand = this.of(args as Node)
        // The sign of a number is part of it.
        if (operand.literal !== undefined) return operand
        return this.#computed(plus(operand.cost, step), operand.type)
      }
      default:
        return this.#operation(op, (args as Node[]).filter(isNode))
    }
  }

  /** A value without a place in a schema. */
  #computed(cost: number, type: ValueType, size?: Size, entry?: Entry): Estimate {
    return { cost, type, path: [], size: size ?? (isScalar(type) ? exactly(1) : undefined), entry }
  }

  /** A value that a path leads to. */
  #placed(cost: number, type: ValueType, path: readonly string[], known?: Pick<Variable, 'size' | 'entry'>): Estimate {
    const size = sizeAt(this.#self, path) ?? (isScalar(type) ? exactly(1) : known?.size)
    return { cost, type, path, size, itemSize: itemSizeAt(this.#self, path), entry: known?.entry }
  }

  #identifier(name: string): Estimate {
    const variable = this.#variables.get(name)?.at(-1)
    if (variable) return this.#placed(step, variable.type, variable.path, variable)
    const type = name === 'self' || name === 'oldSelf' ? this.#self : ({ kind: 'type' } as const)
    return this.#placed(step, type, [name])
  }

  #selection([of, name]: [Node, string]): Estimate {
    const operand = this.of(of)
    const { kind } = operand.type
    const cost = kind === 'map' || kind === 'object' ? step : 0
    return this.#placed(plus(operand.cost, cost), fieldType(operand.type, name), [...operand.path, name])
  }

  #optionalSelection([of, name]: [Node, string]): Estimate {
    const operand = this.of(of)
    const field = fieldType(operand.type, name)
    return this.#computed(plus(operand.cost, step), field.kind === 'optional' ? field : { kind: 'optional', of: field })
  }

  #index([of, at]: [Node, Node], isOptional: boolean): Estimate {
    const [operand, index] = [this.of(of), this.of(at)]
    const cost = plus(operand.cost, index.cost, step)
    const type = operand.type.of ?? dyn
    if (isOptional) return this.#computed(cost, { kind: 'optional', of: type })
    const path = [...operand.path, operand.type.kind === 'list' ? '@items' : '@values']
    const placed = this.#placed(cost, type, path)
    return operand.entry ? { ...placed, size: operand.entry.value } : placed
  }

  #list(items: readonly Node[]): Estimate {
    const estimates = items.map((item) => this.of(item))
    const entry = { isList: true, key: exactly(1), value: unionOf(estimates) }
    const cost = plus(newList, ...estimates.map((item) => item.cost))
    return this.#computed(cost, listOf(estimates[0]?.type ?? dyn), exactly(items.length), entry)
  }

  #map(entries: readonly [Node, Node][]): Estimate {
    const keys = entries.map(([key]) => this.of(key))
    const values = entries.map(([, value]) => this.of(value))
    const entry = { isList: false, key: unionOf(keys), value: unionOf(values) }
    const cost = plus(newMap, ...[...keys, ...values].map((part) => part.cost))
    return this.#computed(cost, { kind: 'map', of: values[0]?.type ?? dyn }, exactly(entries.length), entry)
  }

  #conditional([condition, yes, no]: [Node, Node, Node]): Estimate {
    const [a, b] = [this.of(yes), this.of(no)]
    const cost = plus(this.of(condition).cost, Math.max(a.cost, b.cost))
    const type = a.type.kind === 'dyn' || a.type.kind === 'null' ? b.type : a.type
    const size = union(a.size ?? unknownSize, b.size ?? unknownSize)
    return this.#computed(cost, type, size, unionOfEntries(a.entry, b.entry))
  }

  #operation(operator: string, operands: readonly Node[]): Estimate {
    const [left, right] = operands.map((operand) => this.of(operand))
    if (!left || !right) return this.#computed(step, dyn)
    const operandCosts = plus(left.cost, right.cost)
    switch (operator) {
      case '||':
      case '&&':
        return this.#computed(operandCosts, bool)
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#computed(plus(operandCosts, comparisonCost(operator, left, right)), bool)
      case 'in':
        return this.#computed(plus(operandCosts, membershipCost(right)), bool)
      case '+': {
        const { cost, size, type = dyn } = additionCost(left, right)
        return this.#computed(plus(operandCosts, cost), type, size, unionOfEntries(left.entry, right.entry))
      }
      default:
        return this.#computed(plus(operandCosts, step), left.type.kind === 'dyn' ? right.type : left.type)
    }
  }

  #call([name, args]: [string, readonly Node[]]): Estimate {
    const [only] = args
    if (name === 'has' && only) return this.#presence(only)
    if (name === 'dyn' && only) {
      const { cost, size, entry } = this.of(only)
      return this.#computed(plus(cost, step), dyn, size, entry)
    }
    return this.#function(name, args)
  }

  /** Only the owner of the field is looked up. */
  #presence({ args }: Node): Estimate {
    const [owner] = args as [Node]
    return this.#computed(this.of(owner).cost, bool)
  }

  #methodCall([name, receiver, args]: [string, Node, readonly Node[]]): Estimate {
    const space = receiver.op === 'id' && !this.#variables.get(String(receiver.args))?.length && String(receiver.args)
    if (space && namespaces.has(space)) {
      if (name === 'bind') return this.#bind(args as readonly [Node, Node, Node])
      // The entries of `[?a]` and `{?b: c}`, see `plainLiterals`.
      if (name.startsWith('unwrap') && args[0]) return this.of(args[0])
      return this.#function(`${space}.${name}`, args)
    }
    if (name === 'optMap' || name === 'optFlatMap') return this.#optional(receiver, args, name === 'optMap')
    const loop = args[0]?.op === 'id' ? loops[`${name}/${args.length}`] : undefined
    if (loop) return this.#loop(loop, receiver, args)
    return this.#function(name, args, this.of(receiver))
  }

  #function(name: string, args: readonly Node[], target?: Estimate): Estimate {
    const operands = args.map((arg) => this.of(arg))
    const { cost, size, type = dyn } = callCost({ name, target, args: operands })
    return this.#computed(plus(cost, target?.cost ?? 0, ...operands.map((operand) => operand.cost)), type, size)
  }

  /** `cel.bind(name, value, result)` is a loop over an empty list. */
  #bind([name, value, result]: readonly [Node, Node, Node]): Estimate {
    const bound = this.of(value)
    const estimate = this.#with([[String(name.args), bound]], () => this.of(result))
    return this.#computed(plus(newList, bound.cost, estimate.cost), estimate.type, estimate.size, estimate.entry)
  }

  /** `a.optMap(b, c)` is `a.hasValue() ? optional.of(cel.bind(b, a.value(), c)) : optional.none()`. */
  #optional(receiver: Node, [name, result]: readonly Node[], wraps: boolean): Estimate {
    const optional = this.of(receiver)
    if (!name || !result) return this.#computed(optional.cost, dyn)
    const value = this.#computed(plus(optional.cost, step), optional.type.of ?? dyn)
    const { cost, type } = this.#with([[String(name.args), value]], () => this.of(result))
    const ifPresent = plus(newList, value.cost, cost, wraps ? step : 0)
    const whole = plus(optional.cost, step, Math.max(ifPresent, step))
    return this.#computed(whole, wraps ? { kind: 'optional', of: type } : type, unknownSize)
  }

  #loop(loop: Loop, receiver: Node, args: readonly Node[]): Estimate {
    const range = this.of(receiver)
    const names = args.slice(0, loop.variables ?? 1).map((name) => String(name.args))
    const parts = this.#with(this.#variablesOf(range, names), () => args.slice(names.length).map((arg) => this.of(arg)))
    const result = parts.at(-1) ?? this.#computed(0, dyn)
    const [filter] = parts.length > 1 ? parts : []
    const each = plus(loop.each(result.cost), filter?.cost ?? 0)
    const count = range.size ?? unknownSize
    const cost = plus(range.cost, loop.start, times(count.max, each), loop.end)
    if (!loop.yields) return this.#computed(cost, bool, exactly(1))
    const type = loop.yields({ range: range.type, result: result.type })
    const item = loop.keepsItems ? this.#variablesOf(range, ['it'])[0]?.[1] : result
    const value = { min: 0, max: (item?.size ?? unknownSize).max }
    return this.#computed(
      cost,
      type,
      count,
      type.kind === 'list' ? { isList: true, key: exactly(1), value } : undefined,
    )
  }

  /** The loop's variables: the item or key, or the index or key and the item. */
  #variablesOf(range: Estimate, names: readonly string[]): [string, Variable][] {
    const isList = range.entry?.isList ?? range.type.kind === 'list'
    const item = this.#placed(0, range.type.of ?? dyn, [...range.path, isList ? '@items' : '@values'], {
      size: range.entry?.value,
    })
    const keyType: ValueType = isList ? int : { kind: 'string' }
    const key = this.#placed(
      0,
      range.type.kind === 'dyn' ? dyn : keyType,
      [...range.path, isList ? '@indices' : '@keys'],
      {
        size: range.entry?.key,
      },
    )
    const [first = '', second] = names
    if (second !== undefined)
      return [
        [first, key],
        [second, item],
      ]
    return [[first, isList ? item : key]]
  }

  #with<T>(variables: readonly (readonly [string, Variable])[], within: () => T): T {
    for (const [name, variable] of variables)
      this.#variables.set(name, [...(this.#variables.get(name) ?? []), variable])
    try {
      return within()
    } finally {
      for (const [name] of variables) this.#variables.get(name)?.pop()
    }
  }
}

/** Receivers that are part of a function's name. */
const namespaces = new Set([
  'base64',
  'cel',
  'format',
  'ip',
  'jsonpatch',
  'lists',
  'math',
  'optional',
  'regex',
  'sets',
  'strings',
])

interface Loop {
  /** Names before the expressions; 1 when unset. */
  readonly variables?: number
  /** Cost before the first item. */
  readonly start: number
  /** Cost of each item, when its last expression costs `result`. */
  readonly each: (result: number) => number
  /** Cost after the last item. */
  readonly end: number
  /** Type of the resulting list or map; unset for a bool. */
  readonly yields?: (of: { range: ValueType; result: ValueType }) => ValueType
  /** The result has items of the range, not results of the expression. */
  readonly keepsItems?: true
}

/** What the steps of each macro cost: the condition, the combination of results, and what is read in them. */
const all: Loop = { start: 0, each: (result) => plus(result, 3), end: 1 }
const exists: Loop = { start: 0, each: (result) => plus(result, 4), end: 1 }
const existsOne: Loop = { start: 0, each: (result) => plus(result, 2), end: 2 }
const map: Loop = { start: newList, each: (result) => plus(result, 12), end: 1, yields: ({ result }) => listOf(result) }
const filter: Loop = {
  start: newList,
  each: (result) => plus(result, 13),
  end: 1,
  yields: ({ range }) =>
    listOf(range.kind === 'list' ? (range.of ?? dyn) : range.kind === 'map' ? { kind: 'string' } : dyn),
  keepsItems: true,
}
const transformMap: Loop = {
  start: newMap,
  each: (result) => plus(result, 3),
  end: 1,
  yields: ({ result }) => ({ kind: 'map', of: result }),
}
const transformEntry: Loop = { ...transformMap, each: (result) => plus(result, 2), yields: ({ result }) => result }
const withTwo = (loop: Loop): Loop => ({ ...loop, variables: 2 })

/** Macros by name and number of arguments. */
const loops: Readonly<Record<string, Loop>> = {
  'all/2': all,
  'exists/2': exists,
  'exists_one/2': existsOne,
  'existsOne/2': existsOne,
  'map/2': map,
  'map/3': map,
  'filter/2': filter,
  'all/3': withTwo(all),
  'exists/3': withTwo(exists),
  'exists_one/3': withTwo(existsOne),
  'existsOne/3': withTwo(existsOne),
  'transformList/3': withTwo(map),
  'transformList/4': withTwo(map),
  'transformMap/3': withTwo(transformMap),
  'transformMap/4': withTwo(transformMap),
  'transformMapEntry/3': withTwo(transformEntry),
  'transformMapEntry/4': withTwo(transformEntry),
}

function literal(value: unknown): Estimate {
  const size = typeof value === 'string' ? Array.from(value).length : value instanceof Uint8Array ? value.length : 1
  return { cost: 0, type: literalType(value), path: [], size: exactly(size), literal: value }
}

function literalType(value: unknown): ValueType {
  switch (typeof value) {
    case 'string':
      return { kind: 'string' }
    case 'bigint':
      return int
    case 'number':
      return { kind: 'double' }
    case 'boolean':
      return bool
    default:
      return { kind: value === null ? 'null' : value instanceof Uint8Array ? 'bytes' : 'uint' }
  }
}

function fieldType(type: ValueType, name: string): ValueType {
  if (type.kind === 'optional') return type.of ? { kind: 'optional', of: fieldType(type.of, name) } : dyn
  if (type.kind === 'map') return type.of ?? dyn
  return (type.fields && Object.hasOwn(type.fields, name) ? type.fields[name] : undefined) ?? dyn
}

/** Size of the items of the list that a path leads to. */
const itemSizeAt = (self: SizedType, path: readonly string[]): Size | undefined =>
  path.length === 0 ? undefined : sizeAt(self, [...path, '@items'])

function unionOf(estimates: readonly Estimate[]): Size {
  const [first = exactly(0), ...rest] = estimates.map(({ size }) => size ?? unknownSize)
  return rest.reduce(union, first)
}

const unionOfEntries = (a: Entry | undefined, b: Entry | undefined): Entry | undefined =>
  a && b && { isList: a.isList, key: union(a.key, b.key), value: union(a.value, b.value) }
