import { i18n, numberFormat, t } from './index.ts'

/** Numbers, amounts and times as the user's language writes them. */

const locale = (): string => i18n.global.locale.value

/** `12,345.6` */
export const numberText = (value: number, maximumFractionDigits = 1): string =>
  numberFormat(maximumFractionDigits).format(value)

/** `42 %`, of a share from 0 to 1. */
export const percentText = (share: number): string =>
  new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 }).format(share)

/** Memory, in powers of 1024: `1.5 GiB`. */
export const memoryText = (bytes: number): string => amount(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])

/** Disk and downloads, in powers of 1000: `84 kB`. */
export const diskText = (bytes: number): string => amount(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB'])

function amount(bytes: number, step: number, units: readonly string[]): string {
  const size = Math.abs(bytes)
  const power = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(size) / Math.log(step)))
  const value = bytes / step ** power
  return `${numberText(value, power === 0 || Math.abs(value) >= 100 ? 0 : 1)} ${units[power] ?? ''}`
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** An age or a duration with one unit: `45 s`, `62 min`, `26 h`, `3 d`, `2 y`. @param ms below 0 counts as 0 */
export function ageText(ms: number): string {
  const age = Math.max(0, ms)
  if (age < 2 * minute) return `${numberText(Math.floor(age / second))} s`
  if (age < 2 * hour) return `${numberText(Math.floor(age / minute))} min`
  if (age < 2 * day) return `${numberText(Math.floor(age / hour))} h`
  if (age < 730 * day) return `${numberText(Math.floor(age / day))} d`
  return t('units.years', { n: Math.floor(age / (365 * day)) })
}

/** `14:03:27`, in the clock of this machine. */
export const clockText = (time: number): string =>
  new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(
    time,
  )

/** The clock within a day, else the date: `14:03`, `12 Mar 2026`. */
export const whenText = (time: number, now: number): string =>
  Math.abs(now - time) < day
    ? new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time)
    : dateText(time)

/** `12 Mar 2026` */
export const dateText = (time: number): string =>
  new Intl.DateTimeFormat(locale() === 'en' ? 'en-GB' : locale(), { dateStyle: 'medium' }).format(time)

/** Date and clock with the zone, for tips: `12 March 2026 at 14:03:27 CET`. */
export const momentText = (time: number): string =>
  new Intl.DateTimeFormat(locale() === 'en' ? 'en-GB' : locale(), { dateStyle: 'long', timeStyle: 'long' }).format(time)

/** `a, b and c` */
export const listText = (names: readonly string[]): string =>
  new Intl.ListFormat(locale(), { type: 'conjunction' }).format(names)
