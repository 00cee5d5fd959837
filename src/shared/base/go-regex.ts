import { LRUCache } from 'lru-cache'
import { RE2JS } from 're2js'

/** A regular expression with the syntax and the guarantee of Go's: matching takes time linear in the text. */
export interface GoRegex {
  test(text: string): boolean
  /** The leftmost match; undefined when there is none. */
  find(text: string): string | undefined
  /** Matches that do not overlap, `limit` at most. */
  findAll(text: string, limit?: number): string[]
}

// Compiling takes 50 times as long as matching a name, and the same patterns come again with every object.
const compiled = new LRUCache<string, RE2JS>({ max: 500 })

/**
 * JavaScript's own expressions backtrack, and some patterns keep them busy for years; patterns here come from clients.
 * @throws Error in Go's words (`error parsing regexp: …`) when `pattern` is none
 */
export function goRegex(pattern: string): GoRegex {
  let regex = compiled.get(pattern)
  if (!regex) compiled.set(pattern, (regex = RE2JS.compile(pattern)))
  const findAll = (text: string, limit = Infinity): string[] => {
    const matcher = regex.matcher(text)
    const all: string[] = []
    let end = -1
    while (all.length < limit && matcher.find()) {
      // Unlike Java, whose matcher this is, Go leaves out an empty match that touches the one before it.
      if (matcher.start() !== matcher.end() || matcher.start() !== end) all.push(matcher.group() ?? '')
      end = matcher.end()
    }
    return all
  }
  return { test: (text) => regex.test(text), find: (text) => findAll(text, 1)[0], findAll }
}
