/**
 * The difference of two texts by lines in unified format, with three lines of context and without file names, as Python's difflib
 * finds it: its matching is what Kubernetes' messages show. '' for equal texts.
 */
export function unifiedDiff(before: readonly string[], after: readonly string[]): string {
  return hunksOf(changesOf(before, after))
    .map((hunk) => printHunk(hunk, before, after))
    .join('')
}

/** A range of lines of both texts, the ends excluded. */
interface Range {
  isEqual: boolean
  fromA: number
  toA: number
  fromB: number
  toB: number
}

const context = 3

function printHunk(ranges: readonly Range[], before: readonly string[], after: readonly string[]): string {
  const [first, last] = [ranges[0], ranges.at(-1)]
  if (!first || !last) return ''
  const lines = [`@@ -${span(first.fromA, last.toA)} +${span(first.fromB, last.toB)} @@`]
  for (const { isEqual, fromA, toA, fromB, toB } of ranges)
    if (isEqual) lines.push(...before.slice(fromA, toA).map((line) => ` ${line}`))
    else
      lines.push(
        ...before.slice(fromA, toA).map((line) => `-${line}`),
        ...after.slice(fromB, toB).map((line) => `+${line}`),
      )
  return lines.map((line) => `${line}\n`).join('')
}

function span(from: number, to: number): string {
  const length = to - from
  if (length === 1) return String(from + 1)
  return `${length === 0 ? from : from + 1},${length}`
}

/** Groups changes that are near each other, with the equal lines around them. */
function hunksOf(ranges: readonly Range[]): Range[][] {
  const hunks: Range[][] = []
  let hunk: Range[] = []
  ranges.forEach((range, i) => {
    if (!range.isEqual) {
      hunk.push(range)
      return
    }
    const { fromA, toA, fromB, toB } = range
    const isLong = toA - fromA > 2 * context
    if (i > 0 && (isLong || i === ranges.length - 1)) {
      hunk.push({ ...range, toA: Math.min(toA, fromA + context), toB: Math.min(toB, fromB + context) })
      hunks.push(hunk)
      hunk = []
    }
    if (i === 0 || (isLong && i < ranges.length - 1))
      hunk = [{ ...range, fromA: Math.max(fromA, toA - context), fromB: Math.max(fromB, toB - context) }]
    else if (!isLong && i < ranges.length - 1) hunk.push(range)
  })
  if (hunk.some(({ isEqual }) => !isEqual)) hunks.push(hunk)
  return hunks.filter((one) => one.some(({ isEqual }) => !isEqual))
}

function changesOf(a: readonly string[], b: readonly string[]): Range[] {
  const ranges: Range[] = []
  let [atA, atB] = [0, 0]
  for (const { fromA, fromB, size } of [...matchesOf(a, b), { fromA: a.length, fromB: b.length, size: 0 }]) {
    if (atA < fromA || atB < fromB) ranges.push({ isEqual: false, fromA: atA, toA: fromA, fromB: atB, toB: fromB })
    ;[atA, atB] = [fromA + size, fromB + size]
    if (size > 0) ranges.push({ isEqual: true, fromA, toA: atA, fromB, toB: atB })
  }
  return ranges
}

interface Match {
  fromA: number
  fromB: number
  size: number
}

/** The longest matching block, then those before and after it; adjacent ones are joined. */
function matchesOf(a: readonly string[], b: readonly string[]): Match[] {
  const places = placesOf(b)
  const found: Match[] = []
  const open: [number, number, number, number][] = [[0, a.length, 0, b.length]]
  for (let part = open.pop(); part; part = open.pop()) {
    const [fromA, toA, fromB, toB] = part
    const match = longestMatch(a, b, places, part)
    if (match.size === 0) continue
    found.push(match)
    open.push([fromA, match.fromA, fromB, match.fromB], [match.fromA + match.size, toA, match.fromB + match.size, toB])
  }
  found.sort((x, y) => x.fromA - y.fromA || x.fromB - y.fromB)
  const joined: Match[] = []
  for (const match of found) {
    const last = joined.at(-1)
    if (last && last.fromA + last.size === match.fromA && last.fromB + last.size === match.fromB)
      last.size += match.size
    else joined.push({ ...match })
  }
  return joined
}

const longText = 200

/** Where each line stands; in a long text, lines that are everywhere start no match. */
function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  lines.forEach((line, i) => {
    const known = places.get(line)
    if (known) known.push(i)
    else places.set(line, [i])
  })
  const most = Math.floor(lines.length / 100) + 1
  if (lines.length >= longText) for (const [line, at] of places) if (at.length > most) places.delete(line)
  return places
}

function longestMatch(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [fromA, toA, fromB, toB]: readonly [number, number, number, number],
): Match {
  let best: Match = { fromA, fromB, size: 0 }
  let lengths = new Map<number, number>()
  for (let i = fromA; i < toA; i++) {
    const next = new Map<number, number>()
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < fromB) continue
      if (j >= toB) break
      const size = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, size)
      if (size > best.size) best = { fromA: i - size + 1, fromB: j - size + 1, size }
    }
    lengths = next
  }
  // Lines that are everywhere extend a match.
  while (best.fromA > fromA && best.fromB > fromB && a[best.fromA - 1] === b[best.fromB - 1])
    best = { fromA: best.fromA - 1, fromB: best.fromB - 1, size: best.size + 1 }
  while (
    best.fromA + best.size < toA &&
    best.fromB + best.size < toB &&
    a[best.fromA + best.size] === b[best.fromB + best.size]
  )
    best = { ...best, size: best.size + 1 }
  return best
}
