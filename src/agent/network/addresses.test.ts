import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAddresses } from './addresses.ts'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-addresses-'))
  file = join(dir, 'network/leases.json')
})
afterEach(() => rmSync(dir, { recursive: true }))

const open = (cidr = '10.244.1.0/24') => createAddresses({ cidr, file })

test('each pod gets one address of the range, the same each time', () => {
  const addresses = open()
  expect(addresses.lease('a')).toBe('10.244.1.2')
  expect(addresses.lease('b')).toBe('10.244.1.3')
  expect(addresses.lease('a')).toBe('10.244.1.2')
})

test('leases survive a restart', () => {
  open().lease('a')
  const later = open()
  expect(later.of('a')).toBe('10.244.1.2')
  expect(later.lease('b')).toBe('10.244.1.3')
})

test('a released address is not the next one assigned', () => {
  const addresses = open()
  addresses.lease('a')
  addresses.release('a')
  expect(addresses.of('a')).toBeUndefined()
  expect(addresses.lease('b')).toBe('10.244.1.3')
})

test('a full range is an error until a pod is removed', () => {
  const addresses = open('10.244.1.0/29')
  for (let index = 0; index < 5; index++) addresses.lease(`pod-${index}`)
  expect(() => addresses.lease('late')).toThrow('no address is free in 10.244.1.0/29')
  addresses.release('pod-3')
  expect(addresses.lease('late')).toBe('10.244.1.5')
})

test('leases of another range and a damaged file are ignored', () => {
  open('10.244.1.0/24').lease('a')
  expect(open('10.244.2.0/24').of('a')).toBeUndefined()
  writeFileSync(file, '{"a":')
  expect(open().lease('b')).toBe('10.244.1.2')
})

test('an address that is handed over is the other’s, now and after a restart', () => {
  const addresses = open()
  const ip = addresses.lease('warm-1')
  addresses.handOver('warm-1', 'pod')
  addresses.handOver('nobody', 'other')
  const later = open()
  expect([addresses.of('warm-1'), addresses.of('pod'), addresses.of('other')]).toEqual([undefined, ip, undefined])
  expect([later.of('warm-1'), later.lease('pod')]).toEqual([undefined, ip])
})
