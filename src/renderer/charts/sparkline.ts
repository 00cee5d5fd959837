/**
 * A small line of values as SVG paths have it, from the left edge to the right; '' where there is nothing to draw. It is
 * drawn from 0, and gaps stay gaps.
 */
export function sparkline(
  values: readonly (number | null)[],
  { width, height }: { width: number; height: number },
): string {
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  const step = width / Math.max(1, values.length - 1)
  const y = (value: number): number => height - (most > 0 ? (value / most) * height : 0)
  let path = ''
  let isDown = false
  values.forEach((value, at) => {
    if (value === null) isDown = false
    else {
      path += `${isDown ? 'L' : 'M'}${(at * step).toFixed(1)} ${y(value).toFixed(1)}`
      isDown = true
    }
  })
  return path
}
