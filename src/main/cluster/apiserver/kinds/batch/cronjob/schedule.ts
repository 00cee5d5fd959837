/**
 * Validates a schedule of five fields or a descriptor such as `@daily`, with the messages of the cron library that
 * Kubernetes uses. @returns the message; undefined for a valid schedule
 */
export function scheduleProblem(schedule: string): string | undefined {
  const { zone, rest } = withoutZone(schedule)
  if (zone !== undefined && zone !== '' && !isKnownZone(zone))
    return `provided bad location ${zone}: unknown time zone ${zone}`
  if (rest === '') return 'empty spec string'
  if (rest.startsWith('@')) return descriptorProblem(rest)
  const fields = rest.split(/\s+/).filter(Boolean)
  if (fields.length !== bounds.length)
    return `expected exactly ${bounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`
  return bounds.map((bound, i) => fieldProblem(fields[i] ?? '', bound)).find(Boolean)
}

function withoutZone(schedule: string): { zone?: string; rest: string } {
  const [, zone, rest = ''] = /^(?:CRON_)?TZ=(\S*)(.*)$/.exec(schedule) ?? []
  return zone === undefined ? { rest: schedule } : { zone, rest: rest.trim() }
}

/** Reports whether a time zone is known. */
export function isKnownZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']

function descriptorProblem(text: string): string | undefined {
  if (descriptors.includes(text)) return undefined
  const every = '@every '
  if (!text.startsWith(every)) return `unrecognized descriptor: ${text}`
  const duration = text.slice(every.length)
  if (/^[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$/.test(duration)) return undefined
  return `failed to parse duration ${text}: time: invalid duration "${duration}"`
}

interface Bound {
  low: number
  high: number
  names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const bounds: readonly Bound[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
]

const fieldProblem = (field: string, bound: Bound): string | undefined =>
  field
    .split(',')
    .filter(Boolean)
    .map((range) => rangeProblem(range, bound))
    .find(Boolean)

/** Validates a range: `*`, `5`, `1-5`, each also with a step such as `/2`. */
function rangeProblem(range: string, bound: Bound): string | undefined {
  const [span = '', step, ...moreSteps] = range.split('/')
  const [first = '', last, ...moreEnds] = span.split('-')
  let [start, end] = [bound.low, bound.high]
  if (first !== '*' && first !== '?') {
    const begin = numberOf(first, bound)
    if (typeof begin === 'string') return `${begin}: ${range}`
    const finish = last === undefined ? begin : numberOf(last, bound)
    if (moreEnds.length > 0) return `too many hyphens: ${range}`
    if (typeof finish === 'string') return `${finish}: ${range}`
    start = begin
    // `5/15` means every 15 from 5 on.
    end = last === undefined && step !== undefined ? bound.high : finish
  }
  if (moreSteps.length > 0) return `too many slashes: ${range}`
  const every = step === undefined ? 1 : numberOf(step, { low: 0, high: 0 })
  if (typeof every === 'string') return `${every}: ${range}`
  if (start < bound.low) return `beginning of range (${start}) below minimum (${bound.low}): ${range}`
  if (end > bound.high) return `end of range (${end}) above maximum (${bound.high}): ${range}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${range}`
  return every === 0 ? `step of range should be a positive number: ${range}` : undefined
}

/** Parses a number, or returns the error message. */
function numberOf(text: string, { low, names }: Bound): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + low
  if (/^\+?\d+$/.test(text)) return Number(text)
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}
