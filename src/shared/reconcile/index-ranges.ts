/** Parses `0-2,5`, the form of a Job's completedIndexes. */
export function parseIndexes(text: string | undefined): number[] {
  const indexes: number[] = []
  for (const range of text?.split(',').filter(Boolean) ?? []) {
    const [first = 0, last = first] = range.split('-').map(Number)
    for (let index = first; index <= last; index++) indexes.push(index)
  }
  return indexes
}

/** The inverse of parseIndexes: runs of two and more as `first-last`, in ascending order. */
export function formatIndexes(indexes: Iterable<number>): string {
  const ranges: [first: number, last: number][] = []
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range && index === range[1] + 1) range[1] = index
    else ranges.push([index, index])
  }
  const text = ([first, last]: [number, number]): string => {
    if (first === last) return String(first)
    return last === first + 1 ? `${first},${last}` : `${first}-${last}`
  }
  return ranges.map(text).join(',')
}
