import { ParseError, type Environment, TypeError as CelTypeError } from '@marcbachmann/cel-js'
import { messageOf } from '#shared/base/message-of.ts'
import { syntaxProblems } from './go-syntax.ts'
import { replaceHas } from './has.ts'
import { wrongLiteral } from './literal-arguments.ts'
import { plainLiterals } from './literals.ts'
import { walkNodes, type Node, type TypeOfNode } from './nodes.ts'
import { durationsLast } from './time-sums.ts'

type Parsed = ReturnType<Environment['parse']>

/** A valid expression's type, or what is wrong with it. */
export type Checked =
  | { parsed: Parsed; type: string; problem?: undefined; code?: undefined }
  | { parsed?: undefined; type?: undefined; problem: string; node: Node | undefined; code: string | undefined }

/** Parses and type-checks an expression. Problems have the wording of CEL's Go compiler, which users search for. */
export function checkIn(environment: Environment, expression: string): Checked {
  const long = longIntegers(expression)
  if (long) return long
  let parsed: Parsed
  try {
    parsed = environment.parse(plainLiterals(expression))
    replaceHas(parsed.ast)
    durationsLast(parsed.ast)
  } catch (error) {
    return failed(environment, expression, error)
  }
  const { valid, type, error } = parsed.check()
  if (!valid) return undeclared(environment, expression, parsed, error) ?? failed(environment, expression, error)
  const wrong = wrongLiteral(parsed.ast)
  if (!wrong) return { parsed, type: type ?? 'dyn' }
  const { node, problem } = wrong
  return { problem: placed(node.input, node.pos, problem), node, code: undefined }
}

/** Integers that 64 bits cannot hold are refused as they are read. */
function longIntegers(expression: string): Checked | undefined {
  if (!/\d{19}/.test(expression)) return undefined
  for (const [text, sign = '', digits = '', unsigned] of expression.matchAll(
    /(?<![\w.'"])(-?)(\d{19,})(u?)\b(?!\.\d)/g,
  )) {
    const value = BigInt(`${sign}${digits}`)
    if (unsigned ? value < 2n ** 64n : BigInt.asIntN(64, value) === value) continue
    const words = unsigned ? 'invalid uint literal' : 'invalid int literal'
    return {
      problem: placed(expression, expression.indexOf(text) + sign.length, words),
      node: undefined,
      code: undefined,
    }
  }
  return undefined
}

/** All references to variables that are not declared: the library names the first, Go's compiler each. */
function undeclared(environment: Environment, expression: string, parsed: Parsed, error: unknown): Checked | undefined {
  const names = new Set<string>()
  const trial = environment.clone()
  for (let found = error; found instanceof CelTypeError && found.code === 'unknown_variable';) {
    const name = String((found.node as unknown as Node).args)
    if (names.has(name)) break
    names.add(name)
    trial.registerVariable(name, 'dyn')
    found = trial.parse(plainLiterals(expression)).check().error
  }
  if (names.size === 0) return undefined
  const places: { node: Node; name: string }[] = []
  walkNodes(parsed.ast, (node) => {
    if (node.op === 'id' && names.has(String(node.args))) places.push({ node, name: String(node.args) })
  })
  const [first] = places.sort((a, b) => a.node.pos - b.node.pos)
  if (!first) return undefined
  const problem = places
    .map(({ node, name }) => placed(node.input, placeOf(node), `undeclared reference to '${name}' (in container '')`))
    .join('\n')
  return { problem, node: first.node, code: 'unknown_variable' }
}

function failed(environment: Environment, expression: string, error: unknown): Checked {
  const isCel = error instanceof ParseError || error instanceof CelTypeError
  const node = isCel ? (error.node as unknown as Node | undefined) : undefined
  const summary = isCel ? error.summary : messageOf(error)
  const code = isCel ? error.code : undefined
  const syntax = error instanceof CelTypeError ? [] : syntaxProblems(expression)
  if (syntax.length > 0) {
    const problem = syntax.map(({ at, words }) => placed(expression, at, `Syntax error: ${words}`)).join('\n')
    return { problem, node, code }
  }
  const words =
    error instanceof CelTypeError && node ? typeProblem(environment, code, summary, node) : `Syntax error: ${summary}`
  return { problem: placed(node?.input ?? expression, node ? placeOf(node) : 0, words), node, code }
}

/** `ERROR: <input>:1:5: undefined field 'x'`, the source line, and a marker beneath it, wide beneath wide characters. */
function placed(expression: string, at: number, words: string): string {
  if (at < 0) return `ERROR: <input>:1:0: ${words}`
  const before = expression.slice(0, at).split('\n')
  const left = Array.from(before.at(-1) ?? '')
  const line = expression.split('\n')[before.length - 1] ?? ''
  const marked = Array.from(line)[left.length] ?? ''
  const marker = left.map((char) => (isWide(char) ? '．' : '.')).join('') + (isWide(marked) ? '＾' : '^')
  return `ERROR: <input>:${before.length}:${left.length + 1}: ${words}\n | ${line}\n | ${marker}`
}

const isWide = (char: string): boolean => (char.codePointAt(0) ?? 0) > 127

/** Go's compiler points at the dot, the operator or the parenthesis, not at the beginning. */
function placeOf(node: Node): number {
  const { op, args, input, pos, start } = node
  const [first, second] = Array.isArray(args) ? (args as unknown[]) : []
  switch (op) {
    case '.':
    case '.?':
      return Math.max(0, input.lastIndexOf('.', pos))
    case 'call':
      return Math.max(start, input.indexOf('(', start))
    case 'rcall':
      return Math.max(start, input.indexOf('(', (second as Node).end))
    case '?:':
      return Math.max(start, input.indexOf('?', (first as Node).end))
    default:
      if (!operators.has(op)) return pos
      return Math.max(start, input.indexOf(op, (first as Node).end))
  }
}

const operators = new Set(['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '&&', '||', 'in'])

function typeProblem(environment: Environment, code: string | undefined, summary: string, node: Node): string {
  const [first, second, third] = Array.isArray(node.args) ? (node.args as unknown[]) : []
  switch (code) {
    case 'unknown_variable':
      return `undeclared reference to '${String(node.args)}' (in container '')`
    case 'no_such_key':
      return `undefined field '${String(second)}'`
    case 'cannot_index_type':
      return `type '${typeName((first as Node).checkedType)}' does not support field selection`
    case 'invalid_comprehension_range':
      return `expression of type '${typeName(node.checkedType)}' cannot be range of a comprehension (must be list, map, or dynamic)`
    case 'no_such_overload':
    case 'invalid_logical_operand':
      return noOverload(operatorName(node.op), typeNames(operandsOf(node)))
    case 'incompatible_ternary_branches':
      return noOverload('_?_:_', typeNames([first, second, third]))
    case 'no_matching_overload':
      return callProblem(environment, node)
    default:
      return summary
  }
}

const noOverload = (name: string, types: string): string =>
  `found no matching overload for '${name}' applied to '${types}'`

const operatorName = (op: string): string => (op === 'in' ? '@in' : op.endsWith('_') ? op : `_${op}_`)

const operandsOf = ({ args }: Node): unknown[] => (Array.isArray(args) ? args : [args])

function callProblem(environment: Environment, node: Node): string {
  const [name, receiver] = node.args as [string, unknown]
  if (!functionNames(environment).has(name)) return `undeclared reference to '${name}' (in container '')`
  const types = `(${(node.argTypes ?? []).map(typeName).join(', ')})`
  if (node.op === 'call') return noOverload(name, types)
  return noOverload(name, `${typeName((receiver as Node).checkedType)}.${types}`)
}

const known = new WeakMap<Environment, ReadonlySet<string>>()

function functionNames(environment: Environment): ReadonlySet<string> {
  let names = known.get(environment)
  if (!names) known.set(environment, (names = new Set(environment.getDefinitions().functions.map(({ name }) => name))))
  return names
}

const typeNames = (operands: readonly unknown[]): string =>
  `(${operands.map((operand) => typeName((operand as Node).checkedType)).join(', ')})`

/** Type names as Go writes them: `list(string)`, `map(string, int)`. */
function typeName(type: TypeOfNode | undefined): string {
  return (type?.name ?? 'dyn')
    .replaceAll('<', '(')
    .replaceAll('>', ')')
    .replace(/\bkubernetes\.object\d+\b/g, 'object')
}
