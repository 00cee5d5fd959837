import { Chunk } from '@codemirror/merge'
import { Text } from '@codemirror/state'

export interface DiffLine {
  is: 'same' | 'added' | 'removed' | 'folded'
  text: string
  /** Lines that are folded away. */
  count?: number
}

/** What changes from one text to another, line by line; equal stretches keep `margin` lines and fold the rest. */
export function lineDiff(before: string, after: string, margin = 2): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  // With an empty last line, a line that is added at the end does not touch the one before.
  const textA = Text.of([...a, ''])
  const textB = Text.of([...b, ''])
  const lines: DiffLine[] = []
  let at = 0
  const same = (to: number, isLast: boolean): void => {
    const equal = a.slice(at, to)
    const head = at === 0 ? 0 : margin
    const tail = isLast ? 0 : margin
    if (equal.length <= head + tail + 1) lines.push(...equal.map((text) => ({ is: 'same' as const, text })))
    else {
      lines.push(...equal.slice(0, head).map((text) => ({ is: 'same' as const, text })))
      lines.push({ is: 'folded', text: '', count: equal.length - head - tail })
      lines.push(...(tail > 0 ? equal.slice(-tail) : []).map((text) => ({ is: 'same' as const, text })))
    }
    at = to
  }
  for (const chunk of Chunk.build(textA, textB)) {
    const [fromA, toA] = linesOf(textA, chunk.fromA, chunk.toA)
    const [fromB, toB] = linesOf(textB, chunk.fromB, chunk.toB)
    same(fromA, false)
    lines.push(...a.slice(fromA, toA).map((text) => ({ is: 'removed' as const, text })))
    lines.push(...b.slice(fromB, toB).map((text) => ({ is: 'added' as const, text })))
    at = toA
  }
  if (lines.length === 0) return []
  same(a.length, true)
  return lines
}

/** The lines of a chunk, whose end is the start of the line after it. */
function linesOf(text: Text, from: number, to: number): [from: number, to: number] {
  const first = from > text.length ? text.lines : text.lineAt(from).number - 1
  if (to === from) return [first, first]
  return [first, to > text.length ? text.lines : text.lineAt(to).number - 1]
}
