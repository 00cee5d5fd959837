import { Duration } from '@marcbachmann/cel-js/evaluator'

/**
 * Converts strings by their schema's format to CEL values: times, durations and bytes. Undefined when they stay
 * strings.
 */
export const formatValue = (format: string | undefined): ((text: string) => unknown) | undefined => formats.get(format)

const formats = new Map<string | undefined, (text: string) => unknown>([
  ['byte', (text) => new Uint8Array(Buffer.from(text, 'base64'))],
  ['date', timeOf],
  ['date-time', timeOf],
  ['duration', (text) => durationOf(text) ?? text],
])

function timeOf(text: string): unknown {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? text : time
}

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
  d: 86_400e9,
  w: 604_800e9,
}

/** `1h30m`, `-2.5s` */
function durationOf(text: string): Duration | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const amount = text.replace(/^[+-]/, '')
  if (amount === '0') return new Duration(0n)
  const parts = [...amount.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== amount) return undefined
  const total = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (nanoseconds[unit] ?? 0), 0)
  return new Duration(BigInt(sign * Math.floor(total / 1e9)), sign * Math.round(total % 1e9))
}
