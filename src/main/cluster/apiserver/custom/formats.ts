import { isIP } from 'node:net'

const matches =
  (pattern: RegExp) =>
  (text: string): boolean =>
    pattern.test(text)
const uuid = '[0-9a-f]{8}-?[0-9a-f]{4}-?'

/** The formats of texts that are validated (kube-openapi's strfmt), by their names without hyphens. */
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => URL.canParse(text) || text.startsWith('/'),
  email: matches(/^(?:[^@<>]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+)$/),
  hostname: matches(
    /^(?=.{1,253}$)[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*$/,
  ),
  // An address of both notations is of both formats.
  ipv4: (text) => isAddress(text) && text.includes('.'),
  ipv6: (text) => isAddress(text) && text.includes(':'),
  cidr: isCidr,
  mac: isMac,
  uuid: matches(new RegExp(`^${uuid}[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i')),
  uuid3: matches(new RegExp(`^${uuid}3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i')),
  uuid4: matches(new RegExp(`^${uuid}4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, 'i')),
  uuid5: matches(new RegExp(`^${uuid}5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, 'i')),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: isRgbColor,
  // Not the empty text.
  byte: matches(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  k8sshortname: (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text),
  k8slongname: (text) =>
    text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text),
}

const normalized = (format: string): string => format.replaceAll('-', '')

export function hasFormat(text: string, format: string): boolean {
  const name = normalized(format)
  return Object.hasOwn(formats, name) ? (formats[name]?.(text) ?? true) : true
}

/** Reports whether Kubernetes knows a format of values of a type. It ignores others, and warns of them. */
export function isKnownFormat(format: string, type: string | undefined): boolean {
  switch (type ?? '') {
    case '':
    case 'string': {
      const name = normalized(format)
      return name === 'quantity' || Object.hasOwn(formats, name)
    }
    case 'integer':
      return format === 'int32' || format === 'int64'
    case 'number':
      return format === 'float' || format === 'double'
    default:
      return false
  }
}

/** Go knows no zones of addresses here. */
const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%')

function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/')
  if (more.length > 0 || !isAddress(address)) return false
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIP(address) === 4 ? 32 : 128)
}

/** Of 6, 8 or 20 bytes, with one kind of separator. */
function isMac(text: string): boolean {
  const bytes = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2})+$/i.test(text)
  const groups = /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(text)
  return (bytes || groups) && [6, 8, 20].includes(text.replaceAll(/[:.-]/g, '').length / 2)
}

const digitsOf = (text: string): number[] => Array.from(text, (digit) => (digit === 'X' ? 10 : Number(digit)))

function isIsbn10(text: string): boolean {
  const given = text.replaceAll(/[\s-]+/g, '')
  if (!/^\d{9}[\dX]$/.test(given)) return false
  return digitsOf(given).reduce((sum, digit, i) => sum + digit * (10 - i), 0) % 11 === 0
}

function isIsbn13(text: string): boolean {
  const given = text.replaceAll(/[\s-]+/g, '')
  if (!/^\d{13}$/.test(given)) return false
  return digitsOf(given).reduce((sum, digit, i) => sum + digit * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

function isCreditCard(text: string): boolean {
  const given = text.replaceAll(/\D+/g, '')
  const pattern =
    /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/
  if (!pattern.test(given)) return false
  const sum = digitsOf(given)
    .reverse()
    .reduce((total, digit, i) => total + (i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0)
  return sum % 10 === 0
}

function isRgbColor(text: string): boolean {
  const parts = /^rgb\(\s*(0|[1-9]\d{0,2})\s*,\s*(0|[1-9]\d{0,2})\s*,\s*(0|[1-9]\d{0,2})\s*\)$/.exec(text)
  return parts?.slice(1).every((part) => Number(part) <= 255) ?? false
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  // The 30th of February is a day in March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

/** Zones are not looked at. */
function isDateTime(text: string): boolean {
  const [date = '', time = '', ...more] = text.toLowerCase().split('t')
  if (more.length > 0 || !isDate(date)) return false
  const parts = /^(\d{2}):(\d{2}):(\d{2})(\.\d+)?(z|[+-]\d{2}:\d{2})$/.exec(time)
  if (!parts) return false
  const [, hour = '', minute = '', second = ''] = parts
  return hour <= '23' && minute <= '59' && second <= '59'
}

const goDuration = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/
const scalaUnit = /^(ns|nano.*|us|µs|micro.*|ms|milli.*|s|sec.*|m|min.*|h|hr|hour.*|d|day.*|w|wk|week.*)$/i

/** As Go writes durations, or Scala: `2 hours 30 min`. */
function isDuration(text: string): boolean {
  if (goDuration.test(text)) return true
  if (!/^\s*(?:\d+\s*[A-Za-zµ]+\s*)+$/.test(text)) return false
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit = '']) => scalaUnit.test(unit))
}
