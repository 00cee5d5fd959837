import { expect, it } from 'vitest'
import { hasFormat, isKnownFormat } from './formats.ts'

it.each<[string, readonly string[], readonly string[]]>([
  ['byte', ['aGk=', 'aGkh'], ['', 'aGk', '*']],
  ['cidr', ['10.0.0.0/8', 'fd00::/8'], ['10.0.0.0', '10.0.0.0/33', 'fe80::1%eth0/64']],
  ['creditcard', ['4111 1111 1111 1111'], ['4111111111111112', '1234567890123456']],
  ['date', ['2024-02-29'], ['2024-02-30', '2023-02-29', '2024-2-1', '']],
  [
    'date-time',
    ['2024-02-29T23:59:59Z', '2024-02-29t01:02:03.5+01:00'],
    ['2024-02-30T00:00:00Z', '2024-02-01T24:00:00Z'],
  ],
  ['duration', ['1h', '-1.5h', '1h30m', '2 hours', '1 day 3 min', '0'], ['1h-5m', '1', 'h', '3 moons', '']],
  ['email', ['a@example.com', 'A B <a@example.com>'], ['a', 'A B a@example.com', '<a@example.com']],
  ['ipv4', ['10.0.0.1', '::ffff:10.0.0.1'], ['10.0.0', 'fd00::1', '010.0.0.1']],
  ['ipv6', ['fd00::1', '::ffff:10.0.0.1'], ['fe80::1%eth0', '10.0.0.1']],
  ['isbn', ['0321751043', '978-0321751041'], ['0321751044', '978-0321751042', '123']],
  ['isbn10', ['0-8044-2957-X'], ['978-0321751041']],
  ['isbn13', ['978 0321751041'], ['0321751043']],
  ['k8s-long-name', ['a.b-c.d'], ['A.b', 'a..b', '-a', 'a'.repeat(254)]],
  ['k8s-short-name', ['a-1'], ['a.b', 'A', 'a-', 'a'.repeat(64)]],
  [
    'mac',
    ['01:23:45:67:89:ab', '01-23-45-67-89-ab-cd-ef', '0123.4567.89ab'],
    ['01:23-45:67:89:ab', '01:23:45', '0123.4567'],
  ],
  ['password', ['', 'anything'], []],
  ['rgbcolor', ['rgb(1, 2,255)'], ['rgb(1,2,256)', 'rgb(01,2,3)']],
  ['no-such-format', ['', 'anything'], []],
])('texts of the format %s', (format, valid, invalid) => {
  expect(valid.filter((text) => !hasFormat(text, format))).toEqual([])
  expect(invalid.filter((text) => hasFormat(text, format))).toEqual([])
})

it('knows the formats of each type, as Kubernetes does', () => {
  const known: [string, string | undefined][] = [
    ['date-time', 'string'],
    ['datetime', 'string'],
    ['quantity', 'string'],
    ['ipv4', undefined],
    ['int32', 'integer'],
    ['int64', 'integer'],
    ['double', 'number'],
  ]
  const unknown: [string, string | undefined][] = [
    ['int64', 'string'],
    ['semver', 'string'],
    ['uint32', 'integer'],
    ['int32', 'number'],
    ['cidr', 'array'],
    ['date', 'object'],
  ]
  expect(known.filter(([format, type]) => !isKnownFormat(format, type))).toEqual([])
  expect(unknown.filter(([format, type]) => isKnownFormat(format, type))).toEqual([])
})
