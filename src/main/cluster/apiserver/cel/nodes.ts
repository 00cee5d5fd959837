/** Nodes of parsed expressions, as far as the library exposes them. Its own types declare only a part. */
export interface Node {
  readonly op: string
  readonly args: unknown
  readonly input: string
  /** Offset in the source; for a field selection that of the field's name. */
  readonly pos: number
  readonly start: number
  readonly end: number
  /** How the node is checked and evaluated. `alternate` replaces it, `macro` handles its arguments. */
  readonly meta: { evaluate: Evaluate; macro?: { evaluate: Evaluate }; alternate?: Node }
  setMeta(key: string, value: unknown): Node
  /** Set by the type check: applies the operator to its operands. */
  handle?: Evaluate
  /** Set by the type check. */
  checkedType?: TypeOfNode
  /** Set by the type check: the types of a call's arguments. */
  argTypes?: readonly TypeOfNode[]
}

export type Evaluate = (...given: unknown[]) => unknown

export interface TypeOfNode {
  readonly kind: string
  readonly name: string
}

/** Visits all nodes of an expression, including those replaced for evaluation. */
export function walkNodes(expression: unknown, visit: (node: Node) => void): void {
  const seen = new Set<object>()
  const walk = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || seen.has(part)) return
    seen.add(part)
    if (isNode(part)) visit(part)
    for (const child of childrenOf(part)) walk(child)
  }
  walk(expression)
}

export const isNode = (part: unknown): part is Node =>
  typeof part === 'object' && part !== null && 'op' in part && 'setMeta' in part

function* childrenOf(part: object): Generator {
  if (Array.isArray(part)) yield* part
  else if (isNode(part)) {
    if (part.meta.alternate) yield part.meta.alternate
    else if (part.meta.macro) yield* Object.values(part.meta.macro).filter(isPart)
    else if (part.op !== 'value') yield part.op === 'comprehension' ? Object.values(part.args as object) : part.args
  }
}

const isPart = (value: unknown): boolean => Array.isArray(value) || isNode(value)
