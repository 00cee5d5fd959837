import { visibleText } from '../../components/visible-text.ts'
import type { AnsiStyle, StyledSpan } from './ansi.ts'
import { hitsIn } from './log-query.ts'

/** A stretch of a line that looks the same throughout. */
export interface Piece {
  text: string
  hit: boolean
  style?: AnsiStyle
}

/** Characters of a line that are shown; the rest is there for searching and downloading. */
export const longestShown = 8_000

/** Splits a line where a colour or a match begins or ends. */
export function piecesOf(text: string, spans: readonly StyledSpan[] = [], patterns: readonly RegExp[] = []): Piece[] {
  const shown = text.length > longestShown ? text.slice(0, longestShown) : text
  const hits = patterns.length > 0 ? hitsIn(shown, patterns) : []
  if (hits.length === 0 && spans.length === 0) return [{ text: visibleText(shown), hit: false }]
  const edges = new Set([0, shown.length])
  for (const { start, end } of [...hits, ...spans])
    for (const edge of [start, end]) if (edge < shown.length) edges.add(edge)
  const sorted = [...edges].sort((a, b) => a - b)
  return sorted.slice(0, -1).map((start, at) => {
    const style = spans.find((span) => span.start <= start && start < span.end)?.style
    return {
      text: visibleText(shown.slice(start, sorted[at + 1])),
      hit: hits.some((hit) => hit.start <= start && start < hit.end),
      ...(style ? { style } : {}),
    }
  })
}
