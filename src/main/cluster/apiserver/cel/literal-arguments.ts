import { goRegex } from '#shared/base/go-regex.ts'
import { isNode, walkNodes, type Node } from './nodes.ts'

/** Reports literal arguments that are invalid for their function at compile time: `name.matches('(')`. */
export function wrongLiteral(expression: unknown): { node: Node; problem: string } | undefined {
  let found: { node: Node; problem: string } | undefined
  walkNodes(expression, (node) => {
    if (found || (node.op !== 'call' && node.op !== 'rcall')) return
    const [name, ...rest] = node.args as [string, ...unknown[]]
    const [argument] = (rest.at(-1) ?? []) as unknown[]
    if (!isNode(argument) || argument.op !== 'value' || typeof argument.args !== 'string') return
    if (holds(`${node.op} ${name}`, argument.args)) return
    found = { node: argument, problem: `invalid ${name} argument` }
  })
  return found
}

function holds(call: string, text: string): boolean {
  switch (call) {
    case 'rcall matches':
      return isRegex(text)
    case 'call duration':
      return /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.test(text)
    case 'call timestamp':
      return rfc3339.test(text) && !Number.isNaN(Date.parse(text))
    default:
      return true
  }
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i

function isRegex(text: string): boolean {
  try {
    goRegex(text)
    return true
  } catch {
    return false
  }
}
