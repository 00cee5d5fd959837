/**
 * Rewrites the objects that mutating admission policies write, `Object{spec: Object.spec{replicas: 3}}` and
 * `JSONPatch{op: "add", …}`, as maps, which is what they are to us: the library knows maps alone.
 */
export function withoutMessages(expression: string): string {
  if (!/\b(?:Object|JSONPatch)\b/.test(expression)) return expression
  let out = ''
  let at = 0
  const closing: boolean[] = []
  let keyExpected = false
  while (at < expression.length) {
    const text = literalAt(expression, at)
    if (text) {
      out += text
      at += text.length
      keyExpected = false
      continue
    }
    const name = /^(?:Object(?:\.[A-Za-z_]\w*)*|JSONPatch)\s*\{/.exec(expression.slice(at))?.[0]
    if (name && !/[\w.]/.test(expression[at - 1] ?? '')) {
      out += '{'
      at += name.length
      closing.push(true)
      keyExpected = true
      continue
    }
    const key = keyExpected ? /^\s*(?:`([^`]+)`|([A-Za-z_]\w*))\s*:/.exec(expression.slice(at)) : null
    if (key) {
      out += `${JSON.stringify(key[1] ?? key[2])}:`
      at += key[0].length
      keyExpected = false
      continue
    }
    const character = expression[at] ?? ''
    if (character === '{' || character === '[' || character === '(') closing.push(false)
    else if (character === '}' || character === ']' || character === ')') closing.pop()
    if (character === ',') keyExpected = closing.at(-1) === true
    else if (!/\s/.test(character)) keyExpected = false
    out += character
    at++
  }
  return out
}

/** A string literal that begins here, with its quotes. */
function literalAt(expression: string, at: number): string | undefined {
  return /^(?:[rRbB]{0,2})(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/.exec(
    expression.slice(at),
  )?.[0]
}
