/**
 * Whether a YAML text nests deeper than any object does: to parse one takes time that grows with the square of the depth,
 * in the process that also serves the clusters.
 */
export function nestsTooDeep(text: string): boolean {
  let depth = 0
  for (const character of text) {
    if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > 500) return true
  }
  return /(?:[-?:][ \t]+){200}/.test(text)
}
