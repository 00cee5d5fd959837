/** The colour of a meter: neutral, a warning from 80 % of the limit on, bad from 95 %. */
export function meterTone(use: number, limit: number): 'data' | 'warn' | 'bad' {
  if (limit <= 0) return 'data'
  const share = use / limit
  return share >= 0.95 ? 'bad' : share >= 0.8 ? 'warn' : 'data'
}
