import { LRUCache } from 'lru-cache'
import { RE2JS } from 're2js'

/** A regular expression with the syntax and the guarantee of Go's: matching takes linear time. */
export interface GoRegex {
  test(text: string): boolean
  /** The leftmost match; undefined when there is none. */
  find(text: string): string | undefined
  /** Non-overlapping matches, at most `limit`. */
  findAll(text: string, limit?: number): string[]
}

// Cached: compiling takes 50 times as long as matching a name, and patterns recur with every object.
const compiled = new LRUCache<string, RE2JS>({ max: 500 })

/**
 * JavaScript's own expressions backtrack and can take exponential time on patterns of clients.
 * @throws Error with Go's message (`error parsing regexp: …`) when `pattern` is invalid
 */
export function goRegex(pattern: string): GoRegex {
  let regex = compiled.get(pattern)
  if (!regex) compiled.set(pattern, (regex = RE2JS.compile(pattern)))
  const findAll = (text: string, limit = Infinity): string[] => {
    const matcher = regex.matcher(text)
    const all: string[] = []
    let end = -1
    while (all.length < limit && matcher.find()) {
      // Unlike Java, whose matcher this is, Go skips an empty match adjacent to the previous one.
      if (matcher.start() !== matcher.end() || matcher.start() !== end) all.push(matcher.group() ?? '')
      end = matcher.end()
    }
    return all
  }
  return { test: (text) => regex.test(text), find: (text) => findAll(text, 1)[0], findAll }
}
