import { describe, expect, test } from 'vitest'
import {
  addressInCidr,
  canonicalIp,
  canonicalIPv4,
  cidrText,
  coversCidr,
  isHostLocal,
  isInCidr,
  offsetInCidr,
  overlapsCidr,
  parseCidr,
  parseIp,
  sizeOfCidr,
  type Address,
  type Cidr,
} from './ip.ts'

const ip = (text: string): Address => parseIp(text) ?? expect.fail(text)
const cidr = (text: string): Cidr => parseCidr(text) ?? expect.fail(text)

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['fd00:0:0::1', 'fd00::1'],
    ['FD00::A', 'fd00::a'],
    ['::', '::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical)
  })

  test.each([
    '',
    '10.0.0',
    '10.0.0.01',
    '10.0.0.256',
    '0x7f.0.0.1',
    '2130706433',
    '127.1',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '10.0.0.1\n-A INPUT -j ACCEPT',
    '10.0.0.1/32',
    '10.0.0.1 -j ACCEPT',
    '10.0.0.1:80',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    'fe80::1%eth0',
    'fd00::1::2',
    'fd00:::1',
    '::g',
    'localhost',
    '١٠.0.0.1',
  ])('%j is not an address', (text) => {
    expect(canonicalIp(text)).toBeUndefined()
    expect(canonicalIPv4(text)).toBeUndefined()
  })

  test('IPv6 is no IPv4 address', () => {
    expect(canonicalIPv4('fd00::1')).toBeUndefined()
    expect(canonicalIPv4(undefined)).toBeUndefined()
  })

  test.each([
    ['127.0.0.1', true],
    ['127.255.0.3', true],
    ['0.0.0.0', true],
    ['0.1.2.3', true],
    ['169.254.169.254', true],
    ['224.0.0.1', true],
    ['255.255.255.255', true],
    ['::1', true],
    ['::', true],
    ['fe80::1', true],
    ['ff02::1', true],
    ['10.244.0.7', false],
    ['172.18.0.2', false],
    ['8.8.8.8', false],
    ['fd00::1', false],
  ])('%s is local to a host: %s', (text, expected) => {
    expect(isHostLocal(ip(text))).toBe(expected)
  })
})

describe('ranges', () => {
  test.each([
    ['10.244.1.0/24', '10.244.1.0/24'],
    ['10.244.1.7/16', '10.244.0.0/16'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.1/32', '10.0.0.1/32'],
    ['fd00:1::7/64', 'fd00:1::/64'],
  ])('%s is the range %s', (text, canonical) => {
    expect(cidrText(cidr(text))).toBe(canonical)
  })

  test.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8 via x',
    '10.0.0/8',
    'fd00::/129',
    '/8',
  ])('%j is not a range', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })

  test('cover and overlap one another', () => {
    expect(coversCidr(cidr('10.244.0.0/16'), cidr('10.244.3.0/24'))).toBe(true)
    expect(coversCidr(cidr('10.244.0.0/16'), cidr('10.0.0.0/8'))).toBe(false)
    expect(coversCidr(cidr('0.0.0.0/0'), cidr('fd00::/64'))).toBe(false)
    expect(overlapsCidr(cidr('10.244.3.128/25'), cidr('10.244.3.0/24'))).toBe(true)
    expect(overlapsCidr(cidr('10.244.4.0/24'), cidr('10.244.3.0/24'))).toBe(false)
    expect(isInCidr(cidr('10.244.0.0/16'), ip('fd00::1'))).toBe(false)
  })

  test('have addresses by number', () => {
    const range = cidr('10.244.255.0/24')
    expect(sizeOfCidr(range)).toBe(256)
    expect(addressInCidr(range, 255)).toBe('10.244.255.255')
    expect(offsetInCidr(range, ip('10.244.255.7'))).toBe(7)
    expect(offsetInCidr(range, ip('10.245.0.0'))).toBeUndefined()
    expect(addressInCidr(cidr('255.255.255.0/24'), 1)).toBe('255.255.255.1')
  })
  test('of IPv6 have addresses by number', () => {
    const range = cidr('fd00:10:96::/112')
    expect(sizeOfCidr(range)).toBe(65_536)
    expect(addressInCidr(range, 256)).toBe('fd00:10:96::100')
    expect(offsetInCidr(range, ip('fd00:10:96::ffff'))).toBe(65_535)
    expect(addressInCidr(cidr('fd00:10:244::/56'), 3 * 2 ** 64)).toBe('fd00:10:244:3::')
    expect(addressInCidr(cidr('fd00::fffe/127'), 2)).toBe('fd00::1:0')
  })
})
