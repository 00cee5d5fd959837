import { Chunk, presentableDiff } from '@codemirror/merge'
import { Text } from '@codemirror/state'

/** A stretch of a line, in characters. */
export type Span = readonly [from: number, to: number]

export interface DiffLine {
  is: 'same' | 'added' | 'removed' | 'folded'
  text: string
  /** Its number in the text before, and in the text after; unset where it is not in it. */
  before?: number
  after?: number
  /** Lines that are folded away. */
  count?: number
  /** What differs from the line that it replaces, or that replaces it. */
  marks?: readonly Span[]
}

/** A row of two texts beside each other; a side that has no line there is empty. */
export interface DiffRow {
  left?: DiffLine | undefined
  right?: DiffLine | undefined
}

/**
 * Characters are compared, which takes the square of what differs: a long line that is another one, as of JSON or of base64, would
 * hold the window for seconds. After `timeout`, ms, whole texts are compared roughly, and lines from so many differences on.
 */
const forTexts = { timeout: 150 }
const forLines = { scanLimit: 500 }

/** What changes from one text to another, line by line; equal stretches keep `margin` lines and fold the rest. */
export function lineDiff(before: string, after: string, margin = 2): DiffLine[] {
  const [a, b] = [linesIn(before), linesIn(after)]
  // With an empty last line, a line that is added at the end does not touch the one before.
  const textA = Text.of([...a, ''])
  const textB = Text.of([...b, ''])
  const lines: DiffLine[] = []
  let at = 0
  let atB = 0
  const same = (to: number, isLast: boolean): void => {
    const shift = atB - at
    const equal = a
      .slice(at, to)
      .map((text, index) => ({ is: 'same' as const, text, before: at + index + 1, after: at + index + 1 + shift }))
    const head = at === 0 ? 0 : margin
    const tail = isLast ? 0 : margin
    if (equal.length <= head + tail + 1) lines.push(...equal)
    else {
      lines.push(...equal.slice(0, head))
      lines.push({ is: 'folded', text: '', count: equal.length - head - tail })
      lines.push(...(tail > 0 ? equal.slice(-tail) : []))
    }
  }
  for (const chunk of Chunk.build(textA, textB, forTexts)) {
    const [fromA, toA] = linesOf(textA, chunk.fromA, chunk.toA)
    const [fromB, toB] = linesOf(textB, chunk.fromB, chunk.toB)
    same(fromA, false)
    lines.push(...replaced({ lines: a.slice(fromA, toA), from: fromA }, { lines: b.slice(fromB, toB), from: fromB }))
    at = toA
    atB = toB
  }
  if (lines.length === 0) return []
  same(a.length, true)
  return lines
}

/** The lines of a diff beside each other: what replaces a line stands at its right. */
export function besideEachOther(lines: readonly DiffLine[]): DiffRow[] {
  const rows: DiffRow[] = []
  let removed: DiffLine[] = []
  let added: DiffLine[] = []
  const flush = (): void => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++)
      rows.push({ left: removed[at], right: added[at] })
    removed = []
    added = []
  }
  for (const line of lines) {
    if (line.is === 'removed') removed.push(line)
    else if (line.is === 'added') added.push(line)
    else {
      flush()
      rows.push({ left: line, right: line })
    }
  }
  flush()
  return rows
}

/** Of two lines that have little in common nothing is marked: all of them differs. */
const leastCommon = 0.4

interface Stretch {
  lines: readonly string[]
  /** Lines before it. */
  from: number
}

/** Lines that stand in the place of others, each beside the one that it replaces. */
function replaced(removed: Stretch, added: Stretch): DiffLine[] {
  const pairs = removed.lines.map((text, at) => marksOf(text, added.lines[at]))
  return [
    ...removed.lines.map((text, at) => ({
      ...{ is: 'removed' as const, text, before: removed.from + at + 1, marks: pairs[at]?.[0] ?? [] },
    })),
    ...added.lines.map((text, at) => ({
      ...{ is: 'added' as const, text, after: added.from + at + 1, marks: pairs[at]?.[1] ?? [] },
    })),
  ]
}

function marksOf(before: string, after: string | undefined): [left: Span[], right: Span[]] {
  if (after === undefined) return [[], []]
  const changes = presentableDiff(before, after, forLines)
  const differing = changes.reduce((sum, { fromA, toA }) => sum + toA - fromA, 0)
  const indent = before.length - before.trimStart().length
  if (before.length - indent - differing < leastCommon * (before.length - indent)) return [[], []]
  const spans = (each: readonly Span[]): Span[] => each.filter(([from, to]) => to > from)
  return [
    spans(changes.map(({ fromA, toA }) => [fromA, toA] as const)),
    spans(changes.map(({ fromB, toB }) => [fromB, toB] as const)),
  ]
}

/** A line in pieces, of which those that differ are marked. */
export function markedPieces({ text, marks = [] }: DiffLine): { text: string; isMarked: boolean }[] {
  let at = 0
  const pieces = marks.flatMap(([from, to]) => {
    const found = [
      { text: text.slice(at, from), isMarked: false },
      { text: text.slice(from, to), isMarked: true },
    ]
    at = to
    return found
  })
  return [...pieces, { text: text.slice(at), isMarked: false }].filter((piece) => piece.text !== '')
}

/** A text that is not there has no line, not an empty one. */
const linesIn = (text: string): string[] => (text === '' ? [] : text.split('\n'))

/** The lines of a chunk, whose end is the start of the line after it. */
function linesOf(text: Text, from: number, to: number): [from: number, to: number] {
  const first = from > text.length ? text.lines : text.lineAt(from).number - 1
  if (to === from) return [first, first]
  return [first, to > text.length ? text.lines : text.lineAt(to).number - 1]
}
