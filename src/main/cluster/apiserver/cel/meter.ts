import { perCharacter, sizeCost, spend, spendDeep } from './cost.ts'
import { walkNodes, type Evaluate, type Node } from './nodes.ts'
import { byCodePoints, regex } from './strings.ts'
import { addUnordered, equalUnordered, inUnordered } from './unordered.ts'

/**
 * Makes a checked expression count its cost: a step per node, and for functions and operators the sizes that they
 * traverse. The library has no cost counting; its nodes keep their evaluation functions in `meta` and `handle`, which
 * are wrapped here.
 */
export function meter(expression: unknown): void {
  walkNodes(expression, meterNode)
}

function meterNode(node: Node): void {
  const { meta } = node
  if (meta.alternate) return
  const cost = stepCost(node)
  const { macro } = meta
  if (macro) macro.evaluate = counted(macro.evaluate, cost)
  else if (cost > 0) node.setMeta('evaluate', counted(meta.evaluate, cost))
  if (node.handle) meterHandle(node, node.handle)
}

const counted =
  (evaluate: Evaluate, cost: number): Evaluate =>
  (...given) => {
    spend(cost)
    return evaluate(...given)
  }

/** Literals are free; constructing lists and maps is charged. */
function stepCost({ op, args }: Node): number {
  switch (op) {
    case 'value':
      return 0
    case 'list':
      return Array.isArray(args) && args.length > 0 ? 10 : 1
    case 'map':
      return Array.isArray(args) && args.length > 0 ? 30 : 1
    default:
      return 1
  }
}

/** Operators are charged before they run, when the sizes of their operands are known. */
function meterHandle(node: Node, handle: Evaluate): void {
  switch (node.op) {
    case 'call':
    case 'rcall': {
      const cost = callCosts[String((node.args as unknown[])[0])] ?? runsOver
      node.handle = (operands, ...more) => {
        cost(operands as unknown[])
        return replaced(node, operands as unknown[]) ?? handle(operands, ...more)
      }
      return
    }
    case '==':
    case '!=':
      node.handle = (left, right, ...more) => {
        if (left !== right) spendDeep(smaller(left, right))
        const equal = equalUnordered(left, right)
        return equal === undefined ? handle(left, right, ...more) : equal === (node.op === '==')
      }
      return
    case 'in':
      node.handle = (item, list, ...more) => {
        if (Array.isArray(list)) spendDeep(typeof item === 'object' ? item : 0, list.length)
        // The library reads the value, which a map with a default has for every key.
        if (list instanceof Map && typeof item === 'string') return list.has(item)
        return inUnordered(item, list) ?? handle(item, list, ...more)
      }
      return
    case '+':
      node.handle = (left, right, ...more) => {
        spend(sizeCost(left) + sizeCost(right))
        return addUnordered(left, right) ?? handle(left, right, ...more)
      }
      return
    case '<':
    case '<=':
    case '>':
    case '>=':
      node.handle = (left, right, ...more) => {
        spend(sizeCost(left) + sizeCost(right))
        return handle(left, right, ...more)
      }
  }
}

/** Functions in which the library differs from Go. */
function replaced({ args }: Node, [text, ...given]: readonly unknown[]): unknown {
  if (typeof text !== 'string') return undefined
  const name = String((args as unknown[])[0])
  const [pattern] = given
  switch (name) {
    case 'matches':
      // JavaScript's regular expressions can take exponential time.
      return typeof pattern === 'string' ? regex(pattern).test(text) : undefined
    case 'lowerAscii':
      return text.replace(/[A-Z]+/g, (part) => part.toLowerCase())
    case 'upperAscii':
      return text.replace(/[a-z]+/g, (part) => part.toUpperCase())
    default:
      return byCodePoints(name, text, given)
  }
}

/** Equality stops at the first difference; lists of different lengths differ at once. */
function smaller(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right) && left.length !== right.length) return 0
  return typeof left === 'string' && typeof right === 'string' && right.length < left.length ? right : left
}

type CallCost = (operands: readonly unknown[]) => void

const runsOver: CallCost = (operands) => {
  let cost = 0
  for (const operand of operands) cost += sizeCost(operand)
  spend(cost)
}

const deeply: CallCost = (operands) => {
  for (const operand of operands) spendDeep(operand)
}

/** A search may compare everything with everything. */
const searches: CallCost = ([text, part]) => spend(sizeCost(text) * Math.max(1, sizeCost(part)))

const searchesLists: CallCost = (operands) => {
  const [a, b] = operands.filter((operand) => Array.isArray(operand)) as unknown[][]
  if (!a || !b) return
  spendDeep(a, b.length)
  spendDeep(b, a.length)
}

const searchesTwice: CallCost = (operands) => {
  searchesLists(operands)
  searchesLists(operands)
}

const finds: CallCost = (operands) => {
  if (typeof operands[0] === 'string') searches(operands)
  else deeply(operands)
}

const comparesAll: CallCost = ([list]) => {
  if (Array.isArray(list)) spendDeep(list, list.length)
}

const sorts: CallCost = ([list]) => {
  if (Array.isArray(list)) spendDeep(list, Math.ceil(Math.log2(list.length + 2)))
}

const joins: CallCost = ([list, separator]) => {
  if (!Array.isArray(list)) return
  spendDeep(list)
  spend(sizeCost(separator) * list.length)
}

/** The result may be far longer than the input. */
const replaces: CallCost = ([text, from, to]) => {
  searches([text, from])
  if (typeof text !== 'string' || typeof from !== 'string' || typeof to !== 'string') return
  spend(Math.ceil((text.split(from).length - 1) * to.length * perCharacter))
}

const callCosts: Readonly<Record<string, CallCost>> = {
  contains: (operands) => (operands.length === 3 ? searchesLists(operands) : searches(operands)),
  intersects: searchesLists,
  equivalent: searchesTwice,
  indexOf: finds,
  lastIndexOf: finds,
  split: searches,
  replace: replaces,
  join: joins,
  format: deeply,
  isSorted: deeply,
  sum: deeply,
  min: deeply,
  max: deeply,
  flatten: deeply,
  distinct: comparesAll,
  sort: sorts,
}
