import { tzOffset } from '@date-fns/tz'

/**
 * The schedules of CronJobs, as the library that Kubernetes uses (robfig/cron 3, standard parser) reads them. Parsing
 * serves validation and the controller alike. Other cron libraries differ where it matters: they run a time that a
 * clock change skips, run a repeated one once, and refuse `@every` and `5/15`.
 */
export interface CronSchedule {
  /** The first time after `after` at which the schedule is due; undefined where there is none within five years. Both ms since the epoch. */
  next(after: number): number | undefined
}

/** @param zone IANA name for schedules without a zone of their own; UTC when unset. @throws Error with `scheduleProblem` */
export function parseSchedule(schedule: string, zone = 'UTC'): CronSchedule {
  const parsed = parse(schedule)
  if (typeof parsed === 'string') throw new Error(parsed)
  if ('everyMs' in parsed) return { next: (after) => wholeSecond(after) + parsed.everyMs }
  return { next: (after) => nextIn(parsed, parsed.zone ?? zone, after) }
}

/** Validates a schedule, with the messages of the cron library that Kubernetes uses. @returns the message; undefined for a valid schedule */
export function scheduleProblem(schedule: string): string | undefined {
  const parsed = parse(schedule)
  return typeof parsed === 'string' ? parsed : undefined
}

/** Reports whether a time zone is known. */
export const isKnownZone = (name: string): boolean => !Number.isNaN(tzOffset(name, new Date(0)))

/** A time as Kubernetes writes it in a zone: `2026-07-01T09:00:00+02:00`, with `Z` for no offset. @param time ms since the epoch */
export function timestampIn(zone: string, time: number): string {
  const offset = tzOffset(zone, new Date(time))
  const local = new Date(time + offset * minuteMs).toISOString().slice(0, 19)
  if (offset === 0) return `${local}Z`
  const twoDigits = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const size = Math.abs(offset)
  return `${local}${offset < 0 ? '-' : '+'}${twoDigits(size / 60)}:${twoDigits(size % 60)}`
}

// --- from text to fields ---

interface Fields {
  zone?: string
  minutes: ReadonlySet<number>
  hours: ReadonlySet<number>
  days: ReadonlySet<number>
  months: ReadonlySet<number>
  weekdays: ReadonlySet<number>
  /** Whether a day has to match `days` and `weekdays`: so where one of them is `*`. Else either is enough. */
  needsBothDays: boolean
}

interface Interval {
  everyMs: number
}

/** Parses a schedule, or returns the error message. */
function parse(schedule: string): Fields | Interval | string {
  const { zone, rest } = withoutZone(schedule)
  if (zone !== undefined && zone !== '' && !isKnownZone(zone))
    return `provided bad location ${zone}: unknown time zone ${zone}`
  if (rest === '') return 'empty spec string'
  const parsed = rest.startsWith('@') ? parseDescriptor(rest) : parseFields(rest)
  return typeof parsed === 'object' && zone ? { ...parsed, zone } : parsed
}

function withoutZone(schedule: string): { zone?: string; rest: string } {
  const [, zone, rest = ''] = /^(?:CRON_)?TZ=(\S*)(.*)$/.exec(schedule) ?? []
  return zone === undefined ? { rest: schedule } : { zone, rest: rest.trim() }
}

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

function parseDescriptor(text: string): Fields | Interval | string {
  const fields = descriptors[text]
  if (fields) return parseFields(fields)
  const every = '@every '
  if (!text.startsWith(every)) return `unrecognized descriptor: ${text}`
  const duration = text.slice(every.length)
  const ms = durationMs(duration)
  if (ms === undefined) return `failed to parse duration ${text}: time: invalid duration "${duration}"`
  return { everyMs: Math.max(1000, wholeSecond(ms)) }
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** A duration in Go's form: `1h30m`. */
function durationMs(text: string): number | undefined {
  if (!/^[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$/.test(text)) return undefined
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)]
  const sum = parts.reduce((total, [, amount, unit = '']) => total + Number(amount) * (unitMs[unit] ?? 0), 0)
  return text.startsWith('-') ? -sum : sum
}

interface Bound {
  low: number
  high: number
  names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const bounds: readonly Bound[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: weekdays },
]

function parseFields(text: string): Fields | string {
  const texts = text.split(/\s+/).filter(Boolean)
  if (texts.length !== bounds.length)
    return `expected exactly ${bounds.length} fields, found ${texts.length}: [${texts.join(' ')}]`
  const fields: Field[] = []
  for (const [i, bound] of bounds.entries()) {
    const field = parseField(texts[i] ?? '', bound)
    if (typeof field === 'string') return field
    fields.push(field)
  }
  const [minute = noField, hour = noField, day = noField, month = noField, weekday = noField] = fields
  return {
    minutes: minute.values,
    hours: hour.values,
    days: day.values,
    months: month.values,
    weekdays: weekday.values,
    needsBothDays: day.isStar || weekday.isStar,
  }
}

interface Field {
  values: ReadonlySet<number>
  /** Whether it has a `*` or `?` without a step. */
  isStar: boolean
}

const noField: Field = { values: new Set(), isStar: false }

function parseField(text: string, bound: Bound): Field | string {
  const values = new Set<number>()
  let isStar = false
  for (const part of text.split(',').filter(Boolean)) {
    const range = parseRange(part, bound)
    if (typeof range === 'string') return range
    for (let value = range.start; value <= range.end; value += range.step) values.add(value)
    isStar ||= range.isStar
  }
  return { values, isStar }
}

interface Range {
  start: number
  end: number
  step: number
  isStar: boolean
}

/** Parses a range: `*`, `5`, `1-5`, each also with a step such as `/2`. */
function parseRange(range: string, bound: Bound): Range | string {
  const [span = '', stepText, ...moreSteps] = range.split('/')
  const [first = '', last, ...moreEnds] = span.split('-')
  const isAny = first === '*' || first === '?'
  let [start, end] = [bound.low, bound.high]
  if (!isAny) {
    const begin = numberOf(first, bound)
    if (typeof begin === 'string') return `${begin}: ${range}`
    const finish = last === undefined ? begin : numberOf(last, bound)
    if (moreEnds.length > 0) return `too many hyphens: ${range}`
    if (typeof finish === 'string') return `${finish}: ${range}`
    start = begin
    // `5/15` means every 15 from 5 on.
    end = last === undefined && stepText !== undefined ? bound.high : finish
  }
  if (moreSteps.length > 0) return `too many slashes: ${range}`
  const step = stepText === undefined ? 1 : numberOf(stepText, { low: 0, high: 0 })
  if (typeof step === 'string') return `${step}: ${range}`
  if (start < bound.low) return `beginning of range (${start}) below minimum (${bound.low}): ${range}`
  if (end > bound.high) return `end of range (${end}) above maximum (${bound.high}): ${range}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${range}`
  if (step === 0) return `step of range should be a positive number: ${range}`
  return { start, end, step, isStar: isAny && step === 1 }
}

/** Parses a number, or returns the error message. */
function numberOf(text: string, { low, names }: Bound): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + low
  if (/^\+?\d+$/.test(text)) return Number(text)
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}

// --- from fields to times ---

const minuteMs = 60_000
const dayMs = 86_400_000
/** Beyond this many years a schedule counts as never due: 31 February. */
const horizonMs = 5 * 366 * dayMs

/**
 * The first instant after `after` whose local time matches. So a local time that a clock change skips is not run that
 * day, and one that it repeats is run twice.
 */
function nextIn(fields: Fields, zone: string, after: number): number | undefined {
  const offsetAt = (time: number): number => tzOffset(zone, new Date(time)) * minuteMs
  const end = after + horizonMs
  // Local times are searched under one offset at a time.
  for (let from = Math.floor(after / minuteMs) * minuteMs + minuteMs; from <= end;) {
    const offset = offsetAt(from)
    const local = nextLocal(fields, from + offset, end + offset)
    if (local === undefined) return undefined
    const found = local - offset
    // Another offset can bring a match forward, or repeat the local time of `from`, by at most a day.
    const near = Math.min(found, from + dayMs)
    if (offsetAt(near) !== offset) from = offsetChange(offsetAt, from, near)
    else if (found - from > 2 * dayMs) from = found - dayMs
    else if (offsetAt(found) !== offset) from = offsetChange(offsetAt, from, found)
    else return found
  }
  return undefined
}

/** The first minute of the interval with another offset than its start. Offsets at the two ends differ. */
function offsetChange(offsetAt: (time: number) => number, start: number, end: number): number {
  const before = offsetAt(start)
  let [low, high] = [start / minuteMs, end / minuteMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle * minuteMs) === before) low = middle
    else high = middle
  }
  return high * minuteMs
}

/** The first local time from `from` to `end` that matches, both as ms of a clock without zones. */
function nextLocal(fields: Fields, from: number, end: number): number | undefined {
  for (let time = from; time <= end;) {
    const date = new Date(time)
    if (!fields.months.has(date.getUTCMonth() + 1)) time = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
    else if (!matchesDay(fields, date)) time = (Math.floor(time / dayMs) + 1) * dayMs
    else if (!fields.hours.has(date.getUTCHours())) time = (Math.floor(time / hourMs) + 1) * hourMs
    else if (!fields.minutes.has(date.getUTCMinutes())) time += minuteMs
    else return time
  }
  return undefined
}

const hourMs = 3_600_000

function matchesDay({ days, weekdays: onWeekdays, needsBothDays }: Fields, date: Date): boolean {
  const [byDay, byWeekday] = [days.has(date.getUTCDate()), onWeekdays.has(date.getUTCDay())]
  return needsBothDays ? byDay && byWeekday : byDay || byWeekday
}

const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000
