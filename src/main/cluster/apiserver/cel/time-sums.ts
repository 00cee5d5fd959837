import { isNode, walkNodes, type Node } from './nodes.ts'

/**
 * Writes the sum of a duration and a time the other way round: the library takes the type of what stands first for that of the
 * sum. Of two durations the order says nothing.
 */
export function durationsLast(expression: unknown): void {
  walkNodes(expression, ({ op, args }) => {
    if (op !== '+' || !Array.isArray(args)) return
    const [left, right] = args as unknown[]
    if (isDuration(left)) args.splice(0, 2, right, left)
  })
}

function isDuration(part: unknown): boolean {
  if (!isNode(part)) return false
  const { op, args }: Node = part
  if (!Array.isArray(args)) return false
  if (op === 'call') return args[0] === 'duration'
  return (op === '+' || op === '-') && args.every(isDuration)
}
