/** A count, or a percentage of `total` rounded up or down: `2`, `25%`. */
export function resolveCount(value: number | string | undefined, total: number, rounding: 'up' | 'down'): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const percentage = /^(\d+)%$/.exec(value)
  if (!percentage) return Number(value) || 0
  const share = (Number(percentage[1]) * total) / 100
  return rounding === 'up' ? Math.ceil(share) : Math.floor(share)
}
