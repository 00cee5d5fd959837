import { expect, it } from 'vitest'
import { cidrText, parseCidr, type Cidr } from '#shared/kube/ip.ts'
import { collisionsOf, freeRange, rangeText, routesIn, type TakenRange } from './subnets.ts'

const range = (text: string): Cidr => {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(text)
  return parsed
}
const taken = (...all: string[]): TakenRange[] => all.map((text) => ({ range: range(text), by: 'x' }))

it('reads the routes of this machine, without the default one', () => {
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'tun0\t0000F40A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'bad\tline',
    '',
  ].join('\n')
  expect(routesIn(table).map(rangeText)).toEqual(['10.244.0.0/16 (route of tun0)', '172.17.0.0/16 (route of docker0)'])
})

it('finds the next range with which nothing collides', () => {
  const free = (...all: string[]): string | undefined => {
    const found = freeRange(taken(...all))
    return found && cidrText(found)
  }
  expect(free()).toBe('172.18.0.0/16')
  expect(free('172.18.5.0/24', '172.19.0.0/16')).toBe('172.20.0.0/16')
  expect(free('172.16.0.0/12')).toBe('192.168.0.0/20')
  expect(free('172.16.0.0/12', '192.168.0.0/16', '10.0.0.0/8')).toBeUndefined()
})

it('says what a range collides with', () => {
  expect(collisionsOf(range('10.244.3.0/24'), taken('10.244.0.0/16', '10.96.0.0/16'))).toHaveLength(1)
})
