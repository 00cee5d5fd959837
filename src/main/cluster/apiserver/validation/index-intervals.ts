/** Index intervals in the status and the success policy of a Job: `0,2-4`. */

/** Counts the indexes of `0,2-4`, or returns the error message. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0
  let total = 0
  let last = -1
  for (const interval of text.split(',')) {
    const limits = limitsOf(interval, completions)
    if (typeof limits === 'string') return limits
    const [low, high] = limits
    if (low <= last) return outOfOrder(last, low)
    total += high - low + 1
    last = high
  }
  return total
}

const outOfOrder = (previous: number, current: number): string =>
  `non-increasing order, previous: ${previous}, current: ${current}`

function limitsOf(interval: string, completions: number): [low: number, high: number] | string {
  const parts = interval.split('-')
  if (parts.length > 2)
    return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`
  for (const part of parts) {
    if (!/^\+?\d+$/.test(part)) return `cannot convert string to integer for index: ${JSON.stringify(part)}`
    if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`
  }
  const [low, high] = parts.map(Number) as [number, number?]
  if (high === undefined) return [low, low]
  return low < high ? [low, high] : outOfOrder(low, high)
}

/** Returns the first index that two valid texts share, if any. */
export function commonIndex(a: string, b: string, completions: number): number | undefined {
  const intervals = (text: string): [low: number, high: number][] =>
    text
      .split(',')
      .map((interval) => limitsOf(interval, completions))
      .filter((limits) => typeof limits !== 'string')
  for (const [low, high] of intervals(a))
    for (const [start, end] of intervals(b)) if (low <= end && start <= high) return Math.max(low, start)
  return undefined
}
