/** What a search field asks for: words that a line has to hold and words that it must not. */
export interface LogQuery {
  include: readonly RegExp[]
  exclude: readonly RegExp[]
  /** Why it cannot be used: the part that is no regular expression. */
  invalid?: string
}

const nothing: LogQuery = { include: [], exclude: [] }

/**
 * Reads `words`, `"a phrase"`, `/a regular expression/`, each with `-` before it to exclude; all are and-ed, and case
 * does not matter.
 */
export function parseLogQuery(text: string): LogQuery {
  const include: RegExp[] = []
  const exclude: RegExp[] = []
  for (const part of text.matchAll(/(-?)(?:\/((?:\\.|[^/\\])*)\/?(?=\s|$)|"([^"]*)"?|(\S+))/g)) {
    const [, minus, expression, phrase, word] = part
    const source = expression ?? escaped(phrase ?? word ?? '')
    if (source === '' || (word === '-' && minus === '')) continue
    try {
      ;(minus ? exclude : include).push(new RegExp(source, 'i'))
    } catch {
      return { ...nothing, invalid: part[0] }
    }
  }
  return { include, exclude }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export const holdsAll = (text: string, patterns: readonly RegExp[]): boolean => {
  for (const pattern of patterns) if (!pattern.test(text)) return false
  return true
}

export const holdsAny = (text: string, patterns: readonly RegExp[]): boolean => {
  for (const pattern of patterns) if (pattern.test(text)) return true
  return false
}

/** Where a text matches any of the patterns, joined where they overlap. */
export function hitsIn(text: string, patterns: readonly RegExp[]): { start: number; end: number }[] {
  const hits = patterns
    .flatMap((pattern) => [...text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))])
    .filter(([found]) => found !== '')
    .map(({ index, 0: { length } }) => ({ start: index, end: index + length }))
    .sort((a, b) => a.start - b.start)
  const joined: { start: number; end: number }[] = []
  for (const hit of hits) {
    const last = joined.at(-1)
    if (last && hit.start <= last.end) last.end = Math.max(last.end, hit.end)
    else joined.push(hit)
  }
  return joined
}
