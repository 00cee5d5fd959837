import { Optional } from '@marcbachmann/cel-js'
import { isNode, walkNodes, type Evaluate, type Node } from './nodes.ts'

/**
 * Replaces the library's `has()`, which supports only names joined by dots: `has(self.list[0].a)` is valid too, and a
 * field that is missing from the schema must fail the type check.
 */
export function replaceHas(expression: unknown): void {
  walkNodes(expression, (node) => {
    if (node.op !== 'call' || !node.meta.macro || !Array.isArray(node.args) || node.args[0] !== 'has') return
    const [, [field]] = node.args as [string, unknown[]]
    if (isNode(field) && selects(field)) node.setMeta('macro', hasField(field))
  })
}

const selects = ({ op }: Node): boolean => op === '.' || op === '.?'

/** The library's checker and evaluator, as passed to macros. */
interface Machine {
  check(node: Node, context: unknown): unknown
  run(node: Node, context: unknown): unknown
  getType(name: string): unknown
  createError(code: string, message: string, node: Node): Error
}

const hasField = (field: Node) => ({
  field,
  async: false,
  typeCheck(checker: Machine, _macro: unknown, context: unknown): unknown {
    checker.check(field, context)
    return checker.getType('bool')
  },
  evaluate: ((machine: Machine, _macro: unknown, context: unknown): boolean => {
    const [owner, name] = field.args as [Node, string]
    return holds(machine.run(owner, context), name, () =>
      machine.createError('no_such_overload', 'no such overload', field),
    )
  }) as Evaluate,
})

function holds(owner: unknown, name: string, wrongType: () => Error): boolean {
  if (owner instanceof Optional) return owner.hasValue() && holds(owner.value(), name, wrongType)
  if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) throw wrongType()
  if (owner instanceof Map) return owner.get(name) !== undefined
  return Object.hasOwn(owner, name) && (owner as Record<string, unknown>)[name] !== undefined
}
